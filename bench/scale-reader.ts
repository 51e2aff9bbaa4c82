/** Handlers in a process of their own that read a region with much that is not theirs. This file is both sides. */
import { writeFileSync } from "node:fs";
import { createUndiciTransport } from "../provider/client/http/undici-transport";
import { resolveSettings } from "../provider/client/settings/settings";
import { memoryJournal } from "../provider/exactly-once/journal";
import { getBackups, getBackupsArgs } from "../provider/functions/backups";
import { type CheckpointOutputs, checkpoint } from "../provider/resources/checkpoint/checkpoint";
import { backupReplica } from "../provider/resources/copies/backup-replica";
import { checkpointReplica } from "../provider/resources/copies/checkpoint-replica";
import type { Context } from "../provider/services/context";
import { createServices } from "../provider/services/services";
import { Child, offer } from "./calls";
import { memoryOf } from "./processes";

/** What a piece of work took. */
export interface Cost {
    readonly seconds: number;
    /** Requests to CBR. */
    readonly requests: number;
    /** Of the answers, in MB. */
    readonly readMb: number;
    /** Highest resident memory above that before the work, in MB. */
    readonly peakMb: number;
}

interface Copying {
    readonly checkpointId: string;
    readonly backupIds: readonly string[];
    readonly destinationVaultId: string;
}

let config: Record<string, string> = {};
let requests = 0;
let bytes = 0;
let states: { id: string; outputs: CheckpointOutputs }[] = [];

/** As a new process has it. */
function context(): (name: string) => Context {
    const get = (key: string) => config[key];
    const real = createUndiciTransport(resolveSettings(get, {}));
    const transport = {
        send: async (request: Parameters<typeof real.send>[0]) => {
            const response = await real.send(request);
            if (!request.url.includes("/auth/")) requests++;
            bytes += response.body.length;
            return response;
        },
        close: () => real.close(),
    };
    const services = createServices(get, {}, { journal: memoryJournal(), transport });
    const log = { status: () => {}, info: () => {}, warn: () => {} };
    return (name) => ({ ...services, resourceName: name, urn: `urn:pulumi:b::b::t::${name}`, log });
}

async function costOf(work: () => Promise<unknown>): Promise<Cost> {
    (globalThis as { gc?: () => void }).gc?.();
    try {
        // The highest mark begins anew.
        writeFileSync("/proc/self/clear_refs", "5");
    } catch {
        // Another system: the mark is that of the whole process.
    }
    const before = memoryOf(process.pid)?.rss ?? 0;
    [requests, bytes] = [0, 0];
    const begun = performance.now();
    await work();
    const seconds = (performance.now() - begun) / 1_000;
    const peak = memoryOf(process.pid)?.peak ?? 0;
    return { seconds, requests, readMb: bytes / 2 ** 20, peakMb: peak - before };
}

const functions = {
    configure(given: Record<string, string>): void {
        config = given;
    },
    async learn(ids: readonly string[]): Promise<void> {
        const own = context();
        const found = await Promise.all(ids.map((id) => checkpoint.read(own("learn"), id, {})));
        states = found.filter((one) => one !== undefined);
    },
    refresh(): Promise<Cost> {
        const own = context();
        return costOf(() =>
            Promise.all(states.map(({ id, outputs }, index) => checkpoint.read(own(`c${index}`), id, outputs))),
        );
    },
    list(vaultId: string): Promise<Cost> {
        const own = context();
        return costOf(() => getBackups(own("list"), getBackupsArgs.parse({ vaultId })));
    },
    copyCheckpoint({ checkpointId, destinationVaultId }: Copying): Promise<Cost> {
        const inputs = { checkpointId, destinationRegion: "eu-nl", destinationVaultId };
        const own = context();
        return costOf(() => checkpointReplica.create(own("copy"), inputs));
    },
    copyThree({ backupIds, destinationVaultId }: Copying): Promise<Cost> {
        const own = context();
        const copy = (backupId: string, index: number) =>
            backupReplica.create(own(`copy-${index}`), { backupId, destinationRegion: "eu-nl", destinationVaultId });
        return costOf(() => Promise.all(backupIds.slice(0, 3).map(copy)));
    },
};

export type Reader = Child<typeof functions>;

export function startReader(): Reader {
    return new Child<typeof functions>("scale-reader.ts", { execArgv: ["--expose-gc"] });
}

if (process.send !== undefined && process.argv[2] === "bench/scale-reader.ts") offer(functions);
