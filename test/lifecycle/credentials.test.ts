import { expect, it } from "vitest";
import * as cbr from "../../sdk/index";
import { messages, openLife } from "./life";

it("outlives its token: what was stored is dead, the environment of today and the configuration of today are not", async () => {
    const life = await openLife({ signIn: "token" });
    const environment = life.stack.stack.workspace.envVars;
    const vaultId = life.vault();
    life.use(async () => {
        new cbr.Checkpoint("point", { vaultId, deletionPolicy: "delete" });
    });
    await life.up();

    // Nobody has another one: the refresh fails, says which setting it was, and drops nothing.
    life.sim.revokeTokens();
    const refused = await life.refresh({ expectFailure: true });
    expect(messages(refused)).toMatch(/401.*Refused was .*cbr:token/);
    expect((await life.state("point")).outputs).toMatchObject({ status: "available" });

    environment["HW_AUTH_TOKEN"] = life.sim.issueToken("eu-de");
    await life.refresh();
    delete environment["HW_AUTH_TOKEN"];
    life.sim.revokeTokens();

    // A destroy takes what the last `up` stored, unless it runs the program.
    await life.stack.setConfig({ "cbr:token": { value: life.sim.issueToken("eu-de"), secret: true } });
    await life.destroy({ expectFailure: true });
    expect(life.home.backups.size).toBe(1);
    await life.destroy({ runProgram: true });
    expect(life.home.backups.size).toBe(0);
});

it("keeps everything with another project's token, also where the cloud calls that a malformed url", async () => {
    const life = await openLife({ signIn: "token", otherProject: "malformed-url" });
    const { projectId } = life.sim.regions["eu-de"].addProject({ projectName: "eu-de_other" });
    const vaultId = life.vault();
    life.use(async () => {
        new cbr.Checkpoint("point", { vaultId, deletionPolicy: "delete" });
    });
    await life.up();

    const own = life.sim.issueToken("eu-de");
    const others = life.sim.issueToken("eu-de", { projectId });
    await life.stack.setConfig({ "cbr:token": { value: others, secret: true } });
    const unable = { expectFailure: true, runProgram: true };
    expect(messages(await life.refresh(unable))).toMatch(/Malformed request url.*Refused was the token from cbr:token/);
    expect((await life.state("point")).outputs).toMatchObject({ status: "available" });
    expect(messages(await life.destroy(unable))).toMatch(
        /DeleteBackup: HTTP 401: Malformed request url.* nothing counts as gone.*cbr:token.*: check it, cbr:projectId/,
    );
    expect((await life.state("point")).outputs).toMatchObject({ status: "available" });
    expect(life.home.backups.size).toBe(1);

    await life.stack.setConfig({ "cbr:token": { value: own, secret: true } });
    await life.destroy({ runProgram: true });
    expect(life.home.backups.size).toBe(0);
});

it("makes exactly one call with a wrong secret key, however many resources and regions it is for", async () => {
    const life = await openLife({ config: { "cbr:secretKey": "wrong-secret-of-the-test" } });
    const [vaultId, destinationVaultId] = [life.vault(), life.destination()];
    life.use(async () => {
        for (let index = 0; index < 5; index++) new cbr.Checkpoint(`point-${index}`, { vaultId, triggers: [index] });
        new cbr.VaultReplication("copies", { vaultId, destinationRegion: "eu-nl", destinationVaultId });
    });
    for (const preflight of ["auto", "off"]) {
        await life.stack.setConfig({ "cbr:preflight": preflight });
        life.forget();
        const report = await life.up({ expectFailure: true });
        expect(life.sim.requests, preflight).toHaveLength(1);
        expect(messages(report)).toMatch(/Refused was .*cbr:accessKey.*cbr:secretKey/);
    }
    expect(life.home.checkpoints.size).toBe(0);
});

it("warns in each run of settings that weaken it or are not used, once however many resources there are", async () => {
    const life = await openLife({ config: { "cbr:insecure": "true" }, env: { HW_ASSUME_ROLE_DOMAIN_NAME: "corp" } });
    const vaultId = life.vault();
    life.use(async () => {
        for (let index = 0; index < 3; index++) new cbr.Checkpoint(`point-${index}`, { vaultId, triggers: [index] });
    });
    for (const run of [() => life.preview(), () => life.up()]) {
        const said = messages(await run());
        expect(said.match(/Server certificates are not checked \(cbr:insecure\)/g)).toHaveLength(1);
        expect(said.match(/Not used: environment variable HW_ASSUME_ROLE_DOMAIN_NAME/g)).toHaveLength(1);
    }
});
