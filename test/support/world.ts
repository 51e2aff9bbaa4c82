import type { HttpRequest, HttpResponse, Transport } from "../../provider/client/http/transport";
import { createUndiciTransport } from "../../provider/client/http/undici-transport";
import { resolveSettings } from "../../provider/client/settings/settings";
import type { Clock } from "../../provider/client/time/clock";
import { createJournal } from "../../provider/exactly-once/journal";
import { memoryStore, type NoteStore } from "../../provider/exactly-once/note-store";
import { PREFLIGHT_BUDGET_MS } from "../../provider/resource/preflight";
import type { Context, Services } from "../../provider/services/context";
import { createServices } from "../../provider/services/services";
import { type Simulator, type SimulatorOptions, startSimulator } from "../../sdk/testing/index";

/** The machine's time, but every sleep is this many times shorter: waits behave as always, tests do not take minutes. */
const SPEED = 25;
const quickClock: Clock = {
    now: () => Date.now(),
    random: () => Math.random(),
    sleep: (ms, signal) =>
        new Promise((resolve, reject) => {
            // What only ends a preview's look at a cloud that hangs is not shortened: a loaded machine hangs, too.
            const timer = setTimeout(resolve, ms === PREFLIGHT_BUDGET_MS ? ms : ms / SPEED);
            signal?.addEventListener("abort", () => {
                clearTimeout(timer);
                reject(signal.reason);
            });
        }),
};

export interface Lines {
    readonly status: string[];
    readonly info: string[];
    readonly warn: string[];
}

/** Handlers' surroundings: two simulated regions with a vault of servers, its counterpart, a hybrid vault, and services that talk to them. */
export interface World {
    readonly sim: Simulator;
    readonly services: Services;
    /** The machine's notes, which outlive a process. */
    readonly notes: NoteStore;
    /** `eu-de`, server vault. */
    readonly vaultId: string;
    /** `eu-nl`, replication vault. */
    readonly destinationVaultId: string;
    /** `eu-de`, hybrid vault. */
    readonly hybridVaultId: string;
    readonly lines: Lines;
    context(name?: string): Context;
    /** Services of a new process on the same machine: the notes stay. */
    restart(): World;
    /** Operations that were called since the last `clearRequests`, without sign-in. */
    calls(): string[];
    close(): Promise<void>;
}

export interface WorldOptions extends SimulatorOptions<"eu-de" | "eu-nl"> {
    /** Servers in the source vault. Default 1. */
    servers?: number;
    config?: Record<string, string>;
    /** Changes answers on their way to the client: for clouds that answer as the simulator never does. */
    answer?: Alter;
}

export type Alter = (request: HttpRequest, response: HttpResponse) => HttpResponse | Promise<HttpResponse>;

export async function startWorld(options: WorldOptions = {}): Promise<World> {
    const { servers = 1, config = {}, answer = (_request, response) => response, ...rest } = options;
    const sim = (await startSimulator({
        backupMs: 60,
        replicationMs: 60,
        syncMs: 60,
        deleteMs: 40,
        checkAnswers: true,
        ...rest,
    })) as Simulator;
    const vault = sim.regions["eu-de"].cloud.addVault({ resources: servers });
    const destination = sim.regions["eu-nl"].cloud.addVault({ protectType: "replication" });
    const dialect = sim.regions["eu-de"].dialect;
    const hybrid = sim.regions["eu-de"].cloud.addVault({ cloudType: "hybrid", onPremises: { added: 3 } as never });
    const settings = {
        ...sim.settings({ signIn: "password" }).config,
        "cbr:maxRequestsPerSecond": "1000",
        "cbr:cloud": dialect === "otc" ? "otc" : "huaweicloud",
        ...config,
    };
    return build(
        {
            sim,
            vaultId: vault.id,
            destinationVaultId: destination.id,
            hybridVaultId: hybrid.id,
            notes: memoryStore(),
        },
        settings,
        answer,
    );
}

function build(
    parts: Pick<World, "sim" | "vaultId" | "destinationVaultId" | "hybridVaultId" | "notes">,
    settings: Record<string, string>,
    answer: Alter,
): World {
    const journal = createJournal(parts.notes);
    const get = (key: string) => settings[key];
    const network = createUndiciTransport(resolveSettings(get, {}));
    const transport: Transport = {
        send: async (request) => answer(request, await network.send(request)),
        close: () => network.close(),
    };
    const services = createServices(get, {}, { clock: quickClock, journal, transport });
    const lines: Lines = { status: [], info: [], warn: [] };
    return {
        ...parts,
        services,
        lines,
        context: (name = "it") => ({
            ...services,
            resourceName: name,
            urn: `urn:pulumi:dev::test::pulumi-nodejs:dynamic/cbr:X::${name}`,
            log: {
                status: (text) => lines.status.push(text),
                info: (text) => lines.info.push(text),
                warn: (text) => lines.warn.push(text),
            },
        }),
        restart: () => build(parts, settings, answer),
        calls: () =>
            parts.sim.requests
                .map((request) => request.operation ?? "?")
                .filter((operation) => !operation.startsWith("Keystone")),
        close: () => parts.sim.close(),
    };
}
