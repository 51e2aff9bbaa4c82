/** The simulator in a process of its own, so that its work is not counted as ours. This file is both sides. */
import { type Fault, type Simulator, startSimulator } from "pulumi-cbr/testing";
import { Child, offer } from "./calls";
import { layoutOf } from "./layout";

export interface CloudOptions {
    readonly count: number;
    readonly perVault: number;
    readonly backupMs: number;
    readonly deleteMs?: number;
    readonly replicationMs?: number;
    /** More requests than that in a second get a 429. Default: no limit. */
    readonly requestsPerSecond?: number;
}

/** Restore points of one server each that are there without any request. */
interface Placed {
    readonly vaultId: string;
    readonly count: number;
    /** Milliseconds since the epoch. */
    readonly from: number;
}

/** One request as the cloud saw it. */
export interface Seen {
    readonly at: number;
    readonly operation: string;
    readonly status: number;
}

let simulator: Simulator | undefined;
function sim(): Simulator {
    if (simulator === undefined) throw new Error("the simulator is not started");
    return simulator;
}

function place(vaultId: string, index: number, createdMs: number) {
    const { cloud } = sim().region("eu-de");
    const servers = [...(cloud.vaults.get(vaultId)?.resources.keys() ?? [])];
    return cloud.addCheckpoint(vaultId, {
        resources: [servers[index % servers.length] ?? ""],
        createdAt: new Date(createdMs),
    });
}

const functions = {
    /** Resolves with the stack configuration that points there. */
    async start({ count, perVault, deleteMs = 100, ...more }: CloudOptions): Promise<Record<string, string>> {
        simulator = await startSimulator({ regions: [{ name: "eu-de" }, { name: "eu-nl" }], deleteMs, ...more });
        const { cloud } = simulator.regions["eu-de"];
        for (const vault of layoutOf(count, perVault).vaults)
            cloud.addVault({ id: vault.id, resources: vault.servers.map((id) => ({ id })) });
        return { ...simulator.settings({ signIn: "password" }).config, "cbr:cloud": "huaweicloud" };
    },
    /** Others' restore points, evenly from then to now. */
    fill({ vaultId, count, from }: Placed): void {
        const step = (Date.now() - from) / count;
        for (let index = 0; index < count; index++) place(vaultId, index, from + index * step);
    },
    /** Restore points that are so far apart, in milliseconds; their ids. */
    place({ vaultId, count, from, apartMs }: Placed & { readonly apartMs: number }): string[] {
        return Array.from({ length: count }, (_, index) => place(vaultId, index, from + index * apartMs).id);
    },
    /** A restore point of so many servers, made now, and a vault to copy it to. */
    copying({ vaultId, count }: { readonly vaultId: string; readonly count: number }) {
        const { cloud } = sim().region("eu-de");
        const resources = [...(cloud.vaults.get(vaultId)?.resources.keys() ?? [])].slice(0, count);
        const { id } = cloud.addCheckpoint(vaultId, { resources });
        const { id: destinationVaultId } = sim().region("eu-nl").cloud.addVault({ protectType: "replication" });
        return { checkpointId: id, backupIds: [...cloud.backupsOf(id)].map((one) => one.id), destinationVaultId };
    },
    /** The requests since the last time. */
    requests(): Seen[] {
        const seen = sim().requests.map(({ receivedAt, operation, status }) => ({
            at: Date.parse(receivedAt),
            operation,
            status,
        }));
        sim().clearRequests();
        return seen;
    },
    held(): { checkpoints: number; backups: number } {
        const { cloud } = sim().regions["eu-de"];
        return { checkpoints: cloud.checkpoints.size, backups: cloud.backups.size };
    },
    fail(fault: Fault): void {
        sim().fail(fault);
    },
    revokeTokens(): void {
        sim().revokeTokens();
    },
    finishAll(): void {
        sim().finishAll();
    },
    now(): number {
        return Date.now();
    },
};

export type Cloud = Child<typeof functions> & { readonly config: Record<string, string> };

export async function startCloud(options: CloudOptions): Promise<Cloud> {
    const child = new Child<typeof functions>("cloud.ts");
    const config = await child.call("start", options);
    // The default of 20 requests a second protects a real account; here it would be all that is measured.
    return Object.assign(child, { config: { ...config, "cbr:maxRequestsPerSecond": "100000" } });
}

if (process.send !== undefined && process.argv[2] === "bench/cloud.ts") offer(functions);
