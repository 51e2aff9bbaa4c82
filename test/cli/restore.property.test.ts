// Random faults and interruptions, and the same command again and again until it succeeds: never restored twice, and in the
// end restored once. A failing seed is printed by fast-check, and repeated by `PULUMI_CBR_SEED`. `PULUMI_CBR_RUNS=1000` tries more.
import fc from "fast-check";
import { expect, it } from "vitest";
import { memoryJournal } from "../../provider/exactly-once/journal";
import type { Fault } from "../../sdk/testing";
import { DAY, startCloud } from "./cloud";

const RUNS = Number(process.env["PULUMI_CBR_RUNS"] ?? 40);
const given = process.env["PULUMI_CBR_SEED"];
const SEED = given === undefined ? {} : { seed: Number(given) };

const fault = fc.record({
    operation: fc.constantFrom(
        ...["RestoreBackup", "RestoreBackup", "RestoreBackup", "ListOpLogs", "ListOpLogs", "ShowOpLog"],
        ...["ShowBackup", "ListVaults", "ListBackups"],
    ),
    nth: fc.integer({ min: 1, max: 3 }),
    times: fc.integer({ min: 1, max: 4 }),
    effect: fc.constantFrom<Fault["effect"]>(
        "reset-before",
        "reset-after-effect",
        "truncate",
        "status-after-effect",
        "throttled",
        { status: 429, code: "APIGW.0308", retryAfter: 3 },
        { status: 400, code: "BackupService.2010" },
        { status: 500, code: "BackupService.9910" },
        { status: 502, shape: "html" },
        { status: 503, shape: "empty" },
        { status: 504, shape: "html", afterEffect: true },
        { status: 403, code: "APIGW.0302" },
        { kind: "slow", ms: 3_600_000 },
    ),
});

it("restores exactly once, whatever goes wrong and however often it is run again", async () => {
    await fc.assert(
        fc.asyncProperty(
            fc.array(fault, { maxLength: 5 }),
            fc.array(fc.option(fc.integer({ min: 1, max: 40 }), { nil: undefined }), { minLength: 3, maxLength: 3 }),
            fc.constantFrom("huawei", "otc"),
            async (faults, interruptions, dialect) => {
                const regions = [
                    { name: "eu-de", dialect },
                    { name: "eu-nl", dialect },
                ] as const;
                const cloud = await startCloud({ regions, restoreMs: 60_000 });
                const journal = memoryJournal();
                try {
                    const [backup] = cloud.take(DAY, { resources: [cloud.server("db-1")] });
                    for (const one of faults) cloud.sim.fail(one);
                    const tasks = () =>
                        [...cloud.home.operationLogs.values()].filter(
                            ({ operationType }) => operationType === "restore",
                        );
                    let code = 1;
                    for (let attempt = 0; code !== 0 && attempt < 8; attempt++) {
                        // The last attempts are those of a day without faults.
                        if (attempt >= interruptions.length) cloud.sim.clearFaults();
                        const after = interruptions[attempt];
                        let sleeps = 0;
                        const interrupted = new Promise<void>((resolve) => {
                            cloud.clock.onSleep = () => {
                                if (++sleeps === after) resolve();
                            };
                        });
                        const run = await cloud.run(["restore", backup?.id ?? "", "--yes"], { journal, interrupted });
                        code = run.code;
                        expect(tasks().length, run.err).toBeLessThanOrEqual(1);
                        // Nothing is claimed that is not so.
                        if (code === 0) expect(tasks()[0]?.status, run.err).toBe("success");
                        await cloud.clock.sleep(60_000);
                    }
                    expect([code, tasks().length]).toEqual([0, 1]);
                } finally {
                    await cloud.close();
                }
            },
        ),
        { numRuns: RUNS, ...SEED },
    );
}, 600_000);
