// Faster copies, and copies to another account, on the whole way: where a cloud has them, and where not.
import { expect, it } from "vitest";
import * as cbr from "../../sdk/index";
import { messages, openLife } from "./life";

const urn = "cbr:eu-nl:auditors";

it("copies to another account, and never looks at it, changes it or deletes there", async () => {
    const life = await openLife();
    const { delegated } = life.sim.regions["eu-nl"];
    const there = {
        destinationRegion: "eu-nl",
        destinationProjectId: delegated.projectId,
        destinationVaultId: delegated.cloud.addVault({ protectType: "replication", crossAccountUrn: urn }).id,
        crossAccountUrn: urn,
    };
    const { vaultId } = life.vaultWithBackup();
    const { backupId } = life.vaultWithBackup();
    const checkpointId = life.home.addCheckpoint(life.vault()).id;
    let more: { enableAcceleration?: boolean; deletionPolicy?: "delete" } = { deletionPolicy: "delete" };
    life.use(async () => {
        new cbr.VaultReplication("run", { vaultId, ...there, ...more });
        new cbr.BackupReplica("copy", { backupId, ...there, ...more });
        new cbr.CheckpointReplica("point", { checkpointId, ...there, ...more });
    });
    const refused = await life.preview({ expectFailure: true, continueOnError: true });
    // Which of the three is judged before the first failure ends the program is not known.
    expect(messages(refused, undefined, true)).toMatch(/property deletionPolicy .* the replica is another account's/);
    more = { enableAcceleration: true };
    await life.up();
    const replicas = [...delegated.cloud.backups.keys()].sort();
    expect(replicas).toHaveLength(3);
    const states = await life.states();
    for (const name of ["run", "copy", "point"]) {
        const { outputs } = states.get(name) ?? { outputs: {} };
        expect(outputs, name).toMatchObject({ status: "success", crossAccountUrn: urn });
        expect(outputs, name).not.toHaveProperty("verified");
    }
    const posts = life.requests().filter(({ method }) => method === "POST");
    const sent = posts.map(({ body }) => (body as { replicate: Record<string, unknown> }).replicate);
    expect(sent).toEqual(sent.map((one) => ({ ...one, enable_acceleration: true, cross_account_urn: urn })));
    // `up` has ended with nothing left to do, and so does a refresh.
    life.forget();
    more = {};
    expect((await life.up()).changes).toEqual({ same: 1, update: 3 });
    await life.refresh();
    expect((await life.preview()).changes).toEqual({ same: 4 });
    expect(life.requests().filter(({ method }) => method !== "GET")).toEqual([]);
    const destroyed = await life.destroy();
    expect(messages(destroyed, "run")).toMatch(/retained 1 replica .* of another account, which alone can delete/);
    expect([...delegated.cloud.backups.keys()].sort()).toEqual(replicas);
    expect(life.sim.requests.filter(({ region, service }) => region === "eu-nl" && service === "cbr")).toEqual([]);
});

it("says in a preview that Open Telekom Cloud has neither", async () => {
    const life = await openLife({
        regions: [
            { name: "eu-de", dialect: "otc" },
            { name: "eu-nl", dialect: "otc" },
        ],
        config: { "cbr:cloud": "otc" },
    });
    const { vaultId } = life.vaultWithBackup();
    const destinationVaultId = life.destination();
    life.use(async () => {
        const args = { vaultId, destinationRegion: "eu-nl", destinationVaultId };
        new cbr.VaultReplication("run", { ...args, enableAcceleration: true, crossAccountUrn: urn });
    });
    const said = messages(await life.preview({ expectFailure: true }), "run");
    expect(said).toMatch(/property enableAcceleration .* Open Telekom Cloud does not accelerate copies/);
    expect(said).toMatch(/property crossAccountUrn .* Open Telekom Cloud does not copy to other accounts/);
});
