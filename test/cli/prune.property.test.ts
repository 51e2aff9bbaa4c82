// Random clouds, states and faults: whatever goes wrong, nothing goes that a state holds, nor the last good one of anything,
// and what is reported is what is so. A failing seed is printed by fast-check, and repeated by `PULUMI_CBR_SEED`. `PULUMI_CBR_RUNS=1000` tries more.
import fc from "fast-check";
import { expect, it } from "vitest";
import type { BackupState, Fault } from "../../sdk/testing";
import { checkpointEntry, DAY, fileOf, replicationEntry, type StateEntry, startCloud, stateOf } from "./cloud";

const RUNS = Number(process.env["PULUMI_CBR_RUNS"] ?? 40);
const given = process.env["PULUMI_CBR_SEED"];
const SEED = given === undefined ? {} : { seed: Number(given) };

const point = fc.record({
    ageDays: fc.integer({ min: 0, max: 90 }),
    servers: fc.constantFrom(["web-1"], ["db-1"], ["web-1", "db-1"]),
    status: fc.constantFrom("available", "available", "available", "error", "protecting", "restoring"),
    autoTrigger: fc.boolean(),
    isCopied: fc.boolean(),
    hold: fc.constantFrom("none", "none", "none", "taken", "source", "named"),
});

const fault = fc.record({
    operation: fc.constantFrom("DeleteBackup", "DeleteBackup", "DeleteBackup", "ShowBackup", "ListBackups"),
    nth: fc.integer({ min: 1, max: 6 }),
    times: fc.integer({ min: 1, max: 4 }),
    effect: fc.constantFrom<Fault["effect"]>(
        "reset-before",
        "reset-after-effect",
        "truncate",
        "throttled",
        { kind: "delete-error" },
        { kind: "slow", ms: 3_600_000 },
        { code: "BackupService.6204" },
        { code: "BackupService.6216" },
        { status: 502, shape: "html" },
        { status: 504, shape: "html", afterEffect: true },
        { status: 403, code: "APIGW.0302" },
    ),
});

const rules = fc.record({
    keep: fc.option(fc.integer({ min: 0, max: 3 }), { nil: undefined }),
    olderThan: fc.constantFrom("0s", "10d", "30d"),
    per: fc.constantFrom("resource", "vault"),
    includeAutomatic: fc.boolean(),
});

const groupOf = (one: BackupState) => `${one.imageType} ${one.resourceId}`;
const isGood = (one: BackupState) => one.status === "available" || one.status === "restoring";

it("deletes nothing that a state holds, no last good one, nothing of a policy unasked, and reports what is so", async () => {
    await fc.assert(
        fc.asyncProperty(
            fc.array(point, { minLength: 1, maxLength: 12 }),
            fc.array(fault, { maxLength: 4 }),
            rules,
            async (points, faults, { keep, olderThan, per, includeAutomatic }) => {
                await using cloud = Object.assign(await startCloud(), {
                    async [Symbol.asyncDispose]() {
                        await cloud.close();
                    },
                });
                const held = new Set<string>();
                const automatic = new Set<string>();
                const entries: StateEntry[] = [{ kind: "VaultSync", name: "sync", id: "s" }];
                for (const [at, one] of points.entries()) {
                    const backups = cloud.take(one.ageDays * DAY, {
                        name: `point-${at}`,
                        resources: one.servers.map((name) => cloud.server(name)),
                        status: one.status,
                        autoTrigger: one.autoTrigger,
                    });
                    const copies = one.isCopied && one.status === "available" ? cloud.copy(backups) : [];
                    for (const { id } of one.autoTrigger ? backups : []) automatic.add(id);
                    const pairs = copies.map((copy, which) => [backups[which] ?? copy, copy] as const);
                    if (one.hold === "taken") entries.push(checkpointEntry(`p-${at}`, cloud, backups));
                    if (one.hold === "source" && pairs.length > 0)
                        entries.push(replicationEntry(`p-${at}`, cloud, pairs));
                    if (one.hold === "named")
                        entries.push({ type: "o:i:T", name: `p-${at}`, inputs: { ids: backups.map(({ id }) => id) } });
                    const isHeld =
                        one.hold === "taken" || one.hold === "named" || (one.hold === "source" && pairs.length > 0);
                    for (const { id } of isHeld ? backups : []) held.add(id);
                    for (const { id } of one.hold === "source" ? copies : []) held.add(id);
                }
                const all = () => [...cloud.home.backups.values(), ...cloud.away.backups.values()];
                const goodOnes = () => new Set(all().filter(isGood).map(groupOf));
                const before = goodOnes();
                for (const one of faults) cloud.sim.fail(one);
                const run = await cloud.run([
                    ...["prune", "--yes", "--json", "--state", fileOf(stateOf(entries))],
                    ...["--older-than", olderThan, "--per", per],
                    ...(keep === undefined ? [] : ["--keep", String(keep)]),
                    ...(includeAutomatic ? ["--include-automatic"] : []),
                ]);
                const there = new Map(all().map((one) => [one.id, one]));

                for (const id of held) expect(there.has(id), `held ${id}`).toBe(true);
                if (!includeAutomatic) for (const id of automatic) expect(there.has(id), `automatic ${id}`).toBe(true);
                const after = goodOnes();
                expect(
                    [...before].filter((group) => !after.has(group)),
                    "a last good one",
                ).toEqual([]);

                const { backups, isDryRun } = JSON.parse(run.out) as {
                    isDryRun: boolean;
                    backups: { id: string; outcome: string | null }[];
                };
                for (const { id, outcome } of backups) {
                    if (outcome === "deleted") expect(there.has(id), `deleted ${id}`).toBe(false);
                    // One that is being deleted yet was asked for, and its end was not seen.
                    if (outcome !== "deleted" && outcome !== "unknown")
                        expect(there.has(id), `${outcome} ${id}`).toBe(true);
                }
                const isDone = backups.every(({ outcome }) => outcome === null || outcome === "deleted");
                expect(run.code, run.err).toBe(!isDryRun && isDone ? 0 : 1);
            },
        ),
        { numRuns: RUNS, ...SEED },
    );
}, 600_000);
