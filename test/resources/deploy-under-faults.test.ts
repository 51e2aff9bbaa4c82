// The worst weather: of all requests, sign-ins among them, 5 % go wrong in some way, while 200 checkpoints are deployed.
import { expect, it } from "vitest";
import { PartialCreateError } from "../../provider/client/errors/errors";
import { memoryJournal } from "../../provider/exactly-once/journal";
import { type CheckpointOutputs, checkpoint } from "../../provider/resources/checkpoint/checkpoint";
import type { Context } from "../../provider/services/context";
import { createServices } from "../../provider/services/services";
import { type Fault, type Simulator, startSimulator } from "../../sdk/testing/index";
import { VirtualClock } from "../support/virtual-clock";

const COUNT = 200;
const CONCURRENCY = 50;
const SHARE = 0.05;
/**
 * Runs of `up`: what failed is resumed or tried again by the next. Only one thing makes an `up` fail here: a token that
 * becomes worthless twice within a minute (of virtual time, in which this whole test is one) is taken for a wrong password.
 */
const MAX_UPS = 6;

const weather: readonly (readonly [name: string, effect: Fault["effect"]])[] = [
    ["throttled", { status: 429, code: "APIGW.0308", retryAfter: 1 }],
    ["server error", { status: 500, code: "BackupService.0002" }],
    ["502 before the effect", { status: 502, shape: "html" }],
    ["502 after the effect", { status: 502, shape: "html", afterEffect: true }],
    ["reset before the effect", "reset-before"],
    ["reset after the effect", "reset-after-effect"],
    ["slow", { delayMs: 30 }],
    ["token expired", "token-expired"],
];

const seed = Number(process.env["PULUMI_CBR_SEED"] ?? Math.floor(Math.random() * 2 ** 31));

it(`deploys ${COUNT} checkpoints, exactly once each, while 5 % of all requests fail (PULUMI_CBR_SEED=${seed})`, async () => {
    const clock = new VirtualClock(seed);
    const faults = weather.map(
        ([name, effect], index): Fault => ({
            name,
            effect,
            times: 0,
            probability: SHARE / weather.length,
            seed: seed + index,
        }),
    );
    const sim = (await startSimulator({ clock, backupMs: 5_000, faults })) as Simulator;
    try {
        const { cloud } = sim.regions["eu-de"];
        const places = Array.from({ length: COUNT }, () => cloud.addVault({ resources: 1 }).id);
        const settings: Record<string, string> = {
            ...sim.settings({ signIn: "password" }).config,
            "cbr:maxRequestsPerSecond": "1000",
        };
        const journal = memoryJournal();
        const log = { status: () => {}, info: () => {}, warn: () => {} };
        const state = new Map<number, { id: string; outputs: CheckpointOutputs; done: boolean }>();
        const failures: string[] = [];

        const deploy = async (context: Context, index: number): Promise<void> => {
            const inputs = { vaultId: places[index] ?? "" };
            const known = state.get(index);
            if (known?.done === true) return;
            try {
                const { id, outputs } =
                    known === undefined
                        ? await checkpoint.create(context, inputs)
                        : { id: known.id, outputs: await checkpoint.update(context, known.id, known.outputs, inputs) };
                state.set(index, { id, outputs, done: true });
            } catch (error) {
                failures.push(String(error));
                if (error instanceof PartialCreateError)
                    state.set(index, { id: error.id, outputs: error.outputs as CheckpointOutputs, done: false });
            }
        };

        for (let ups = 0; ups < MAX_UPS; ups++) {
            // Each `up` is a new process on the same machine.
            const get = (key: string) => settings[key];
            const services = createServices(get, {}, { clock, journal, transport: clock.transport(get) });
            const left = places.map((_, index) => index);
            const worker = async () => {
                for (let index = left.shift(); index !== undefined; index = left.shift()) {
                    const name = `c${index}`;
                    await deploy({ ...services, resourceName: name, urn: `urn:pulumi:p::p::t::${name}`, log }, index);
                }
            };
            await Promise.all(Array.from({ length: CONCURRENCY }, worker));
            if ([...state.values()].filter((one) => one.done).length === COUNT) break;
        }

        const struck = sim.faults.filter((one) => one.struck > 0).length;
        expect(struck, "several kinds of weather").toBeGreaterThan(3);
        expect(
            [...state.values()].filter((one) => one.done),
            failures.join("\n"),
        ).toHaveLength(COUNT);
        const made = [...cloud.checkpoints.values()];
        expect(made).toHaveLength(COUNT);
        expect(new Set(made.map((one) => one.vaultId)).size).toBe(COUNT);
        expect([...state.values()].map((one) => one.id).sort()).toEqual(made.map((one) => one.id).sort());
        expect(made.every((one) => one.status === "available")).toBe(true);
        expect(failures.filter((text) => !text.includes("HTTP 401"))).toEqual([]);
    } finally {
        await sim.close();
    }
});
