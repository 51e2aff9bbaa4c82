/** A cloud on virtual time that holds much which is not the stack's, and what is read of it: requests and rows. */
import type { Transport } from "../../provider/client/http/transport";
import { memoryJournal } from "../../provider/exactly-once/journal";
import type { CheckpointOutputs } from "../../provider/resources/checkpoint/checkpoint";
import { checkpoint } from "../../provider/resources/checkpoint/checkpoint";
import type { Context } from "../../provider/services/context";
import { createServices } from "../../provider/services/services";
import { type Simulator, type SimulatorOptions, startSimulator } from "../../sdk/testing/index";
import { VirtualClock } from "./virtual-clock";

/** One answered request to CBR. */
export interface Read {
    readonly at: number;
    readonly method: string;
    readonly region: string;
    /** The path behind the project, without query. */
    readonly path: string;
    readonly query: URLSearchParams;
    /** Objects that a list's answer held; 0 of any other. */
    readonly rows: number;
}

export interface Vault {
    readonly id: string;
    readonly resources: readonly string[];
}

export interface CreateOptions {
    readonly vaultId: string;
    readonly resources?: readonly string[];
    /** How long its backups take, in milliseconds. */
    readonly ms: number;
    readonly name: string;
}

export class BusyCloud {
    readonly clock: VirtualClock;
    readonly sim: Simulator;
    readonly #settings: Record<string, string>;
    #reads: Read[] = [];

    private constructor(clock: VirtualClock, sim: Simulator) {
        this.clock = clock;
        this.sim = sim;
        this.#settings = {
            ...sim.settings({ signIn: "password" }).config,
            "cbr:maxRequestsPerSecond": "100000",
            "cbr:cloud": sim.regions["eu-de"].dialect === "otc" ? "otc" : "huaweicloud",
        };
    }

    static async start(options: SimulatorOptions<"eu-de" | "eu-nl"> = {}): Promise<BusyCloud> {
        const clock = new VirtualClock(7);
        const sim = (await startSimulator({ clock, backupMs: 60_000, replicationMs: 60_000, ...options })) as Simulator;
        return new BusyCloud(clock, sim);
    }

    close(): Promise<void> {
        return this.sim.close();
    }

    get cloud() {
        return this.sim.regions["eu-de"].cloud;
    }

    vault(servers: number): Vault {
        const vault = this.cloud.addVault({ resources: servers });
        return { id: vault.id, resources: [...vault.resources.keys()] };
    }

    replicationVault(): string {
        return this.sim.regions["eu-nl"].cloud.addVault({ protectType: "replication" }).id;
    }

    /** Finished backups of one server each, evenly from `from` (milliseconds since the epoch) to now. */
    fill(vault: Vault, count: number, from: number): void {
        const step = (this.clock.now() - from) / count;
        for (let index = 0; index < count; index++) {
            const resources = [vault.resources[index % vault.resources.length] ?? ""];
            this.cloud.addCheckpoint(vault.id, {
                resources,
                createdAt: new Date(from + index * step),
                name: `daily-${index}`,
            });
        }
    }

    /** As one process has it: everything shared, a name for each resource. */
    newProcess(): (name: string) => Context {
        const get = (key: string) => this.#settings[key];
        const transport = this.#counting(this.clock.transport(get));
        const services = createServices(get, {}, { clock: this.clock, journal: memoryJournal(), transport });
        const log = { status: () => {}, info: () => {}, warn: () => {} };
        return (name) => ({ ...services, resourceName: name, urn: `urn:pulumi:p::p::t::${name}`, log });
    }

    /** What was asked since the last call. */
    reads(): Read[] {
        const reads = this.#reads;
        this.#reads = [];
        return reads;
    }

    create(
        context: (name: string) => Context,
        options: CreateOptions,
    ): Promise<{ id: string; outputs: CheckpointOutputs }> {
        const { ms, name, ...inputs } = options;
        const resources = inputs.resources === undefined ? undefined : [...inputs.resources];
        this.sim.fail({ operation: "CreateCheckpoint", id: name, effect: { kind: "slow", ms } });
        return checkpoint.create(context(name), { ...inputs, resources, name, timeouts: { create: "40h" } });
    }

    /** What state holds of a finished checkpoint. */
    async stateOf(context: (name: string) => Context, id: string): Promise<CheckpointOutputs> {
        const found = await checkpoint.read(context("found"), id, {});
        if (found === undefined) throw new Error(`there is no restore point ${id}`);
        return found.outputs;
    }

    #counting(transport: Transport): Transport {
        return {
            send: async (request) => {
                const response = await transport.send(request);
                const url = new URL(request.url);
                const path = /\/v3\/[^/]+(\/(?:backups|checkpoints|vaults|operation-logs).*)$/.exec(url.pathname)?.[1];
                if (path === undefined) return response;
                const body = request.method === "GET" ? (JSON.parse(response.body || "{}") as object) : {};
                const list = Object.values(body).find((value) => Array.isArray(value)) as unknown[] | undefined;
                this.#reads.push({
                    at: this.clock.now(),
                    method: request.method,
                    region: this.sim.regions["eu-nl"].url.startsWith(url.origin) ? "eu-nl" : "eu-de",
                    path,
                    query: url.searchParams,
                    rows: list?.length ?? 0,
                });
                return response;
            },
            close: () => transport.close(),
        };
    }
}

export const rowsOf = (reads: readonly Read[]) => reads.reduce((sum, one) => sum + one.rows, 0);
export const listsOf = (reads: readonly Read[], path: "/backups" | "/operation-logs" = "/backups") =>
    reads.filter((one) => one.path === path);
