import { expect, it } from "vitest";
import * as cbr from "../../sdk/index";
import { messages, openLife, ops } from "./life";

const upper = (id: string) => id.toUpperCase();

it("takes ids in capitals for the same ids: no double, no replacement, nor for a state that has them so", async () => {
    const life = await openLife({ config: { "cbr:preflight": "off" } });
    const [vaultId, destinationVaultId] = [life.vault({ resources: 2 }), life.destination()];
    const server = [...(life.home.vaults.get(vaultId)?.resources.keys() ?? [])][0] ?? "";
    const { id: foreign } = life.home.addCheckpoint(life.vault());
    life.fail("CreateCheckpoint", vaultId, "reset-after-effect");
    let capitals = upper;
    life.use(async () => {
        const resources = [capitals(server)];
        const point = new cbr.Checkpoint("point", { vaultId: capitals(vaultId), resources });
        new cbr.CheckpointReplica("copy", {
            checkpointId: point.id.apply(capitals),
            destinationRegion: "eu-nl",
            destinationVaultId: capitals(destinationVaultId),
        });
        return { got: cbr.Checkpoint.get("got", capitals(foreign)).checkpointId };
    });
    const first = await life.up();
    expect(messages(first, "point")).not.toMatch(/no backup|warning/);
    expect([life.count("CreateCheckpoint"), life.count("CopyBackup")]).toEqual([1, 1]);
    expect((await life.stack.outputs())["got"]?.value).toBe(foreign);
    expect((await life.state("point")).outputs).toMatchObject({ vaultId, resources: [server], status: "available" });
    await life.refresh();

    // As a release before this one stored it.
    const state = JSON.stringify(await life.stack.exportState());
    const stored = `"vaultId":"${vaultId}"`;
    expect(state).toContain(stored);
    await life.stack.importState(JSON.parse(state.replaceAll(stored, stored.replace(vaultId, upper(vaultId)))));
    expect(ops(await life.preview())).toEqual(["read got"]);
    await life.refresh();
    capitals = (id) => id;
    expect(ops(await life.up())).toEqual(["read got"]);
    expect(life.home.checkpoints.size).toBe(2);
});
