import * as pulumi from "@pulumi/pulumi";
import { expect, it } from "vitest";
import * as cbr from "../../sdk/index";
import { messages, openLife, ops } from "./life";

it("sees a date change, also in an Output or a promise, and sees no change of an equal one", async () => {
    const life = await openLife();
    const vaultId = life.vault();
    let built = new Date("2026-01-31T04:00:00Z");
    const other = () => new cbr.Checkpoint("other", { vaultId: life.home.vaults.size > 0 ? vaultId : "" });
    let make: () => unknown = () => ({ built });
    life.use(async () => {
        new cbr.Checkpoint("point", { vaultId, triggers: make() as Record<string, unknown> });
    });
    await life.up();
    expect((await life.state("point")).outputs["triggers"]).toEqual({ built: "2026-01-31T04:00:00.000Z" });
    built = new Date(built.getTime());
    expect(ops(await life.up())).toEqual([]);
    for (const next of [
        () => ({ built }),
        () => [{ at: pulumi.output(1).apply(() => built) }],
        () => Promise.resolve({ deep: [[built]] }),
    ]) {
        built = new Date(built.getTime() + 1);
        make = next;
        expect(ops(await life.up())).toEqual(["create-replacement point", "delete-replaced point", "replace point"]);
        built = new Date(built.getTime());
        expect(ops(await life.up())).toEqual([]);
        expect(JSON.stringify((await life.state("point")).outputs["triggers"])).toContain(built.toISOString());
    }
    // A resource stands for its id.
    make = () => ({ other: other() });
    await life.up();
    expect((await life.state("point")).outputs["triggers"]).toEqual({ other: (await life.state("other")).id });
});

it("refuses what is no plain data in the program, and numbers that are none in the check", async () => {
    const life = await openLife();
    const vaultId = life.vault();
    let triggers: unknown;
    life.use(async () => {
        new cbr.Checkpoint("point", { vaultId, triggers: triggers as unknown[] });
    });
    for (const [given, words] of [
        [{ hosts: new Map([["a", 1]]) }, /Checkpoint point: triggers\.hosts is of type Map, which is no plain data/],
        [[pulumi.output(1).apply(() => new URL("https://a"))], /triggers\[0\] is of type URL/],
        [Promise.resolve({ a: 5n }), /triggers\.a is of type bigint/],
        [{ build: Number("v12") }, /'point': property triggers\.build .*must be a finite number/],
        [[1, pulumi.output({ n: [1 / 0] })], /property triggers\[1\]\.n\[0\] .*must be a finite number/],
    ] as const) {
        triggers = given;
        const said = await life.up({ expectFailure: true });
        expect(`${messages(said)}\n${said.stdout}\n${said.stderr}`).toMatch(words);
    }
    expect(life.home.checkpoints.size).toBe(0);
});
