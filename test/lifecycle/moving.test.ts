// A copy that moves into a stack of its own, as docs/renaming.md says.
import { execFileSync } from "node:child_process";
import { LocalWorkspace } from "@pulumi/pulumi/automation";
import { expect, it } from "vitest";
import * as cbr from "../../sdk/index";
import { needsCli } from "../support/pulumi";
import { openLife, ops } from "./life";

it("moves a copy into another stack by `pulumi state move`, and calls nothing", async ({ skip }) => {
    await needsCli(skip, "our own engine does not move resources between stacks");
    const life = await openLife();
    const [vaultId, destinationVaultId] = [life.vault(), life.destination()];
    const copy = (checkpointId: cbr.CheckpointReplicaArgs["checkpointId"]) =>
        new cbr.CheckpointReplica("copy", { checkpointId, destinationRegion: "eu-nl", destinationVaultId });
    let isMoved = false;
    life.use(async () => {
        const point = new cbr.Checkpoint("point", { vaultId });
        if (!isMoved) copy(point.id);
    });
    await life.up();
    const before = await life.state("copy");
    const checkpointId = String((await life.state("point")).id);

    const { stack, engine } = life.stack;
    const { workDir, envVars, pulumiHome } = stack.workspace;
    const other = await LocalWorkspace.createOrSelectStack(
        { projectName: "copies", stackName: "dev", program: async () => void copy(checkpointId) },
        { pulumiCommand: engine.command, envVars, ...(pulumiHome === undefined ? {} : { pulumiHome }) },
    );
    await other.setAllConfig(await stack.getAllConfig());
    const places = ["--source", "organization/test/dev", "--dest", "organization/copies/dev"];
    const home = pulumiHome === undefined ? {} : { PULUMI_HOME: pulumiHome };
    execFileSync(engine.command.command, ["state", "move", "--yes", ...places, before.urn], {
        cwd: workDir,
        env: { ...process.env, ...envVars, ...home },
        stdio: "pipe",
    });

    isMoved = true;
    life.forget();
    expect(ops(await life.up())).toEqual([]);
    expect((await other.up()).summary.resourceChanges).toEqual({ same: 2 });
    expect((await other.up()).summary.resourceChanges).toEqual({ same: 2 });
    expect(life.calls()).toEqual([]);
    const { deployment } = await other.exportStack();
    const moved = (deployment as { resources: { urn: string; id?: string }[] }).resources;
    expect(moved.find(({ urn }) => urn.endsWith("::copy"))).toMatchObject({
        urn: before.urn.replace("::test::", "::copies::"),
        id: before.id,
    });
});
