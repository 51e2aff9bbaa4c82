// Acceleration of copies, and copies to other accounts: what Huawei Cloud alone has.
import { afterEach, describe, expect, it } from "vitest";
import { checkInputs } from "../../provider/resource/check";
import type { CommonInputs, ResourceHandler } from "../../provider/resource/resource";
import { backupReplica } from "../../provider/resources/copies/backup-replica";
import { checkpointReplica } from "../../provider/resources/copies/checkpoint-replica";
import { vaultReplication } from "../../provider/resources/copies/vault-replication";
import { otc } from "../support/copies";
import { startWorld, type World, type WorldOptions } from "../support/world";

const kinds = { vaultReplication, backupReplica, checkpointReplica };
type Kind = keyof typeof kinds;
const all = Object.keys(kinds) as Kind[];
const urn = "cbr:eu-nl:other:vault";
interface Outputs extends CommonInputs {
    readonly status: string;
    readonly verified?: boolean;
    readonly destinationBackupId?: string;
    readonly destinationBackupIds?: readonly string[];
    readonly enableAcceleration?: boolean;
}
type Handler = ResourceHandler<CommonInputs, Outputs>;
const handlerOf = (kind: Kind) => kinds[kind] as unknown as Handler;

let world: World;
afterEach(() => world?.close());

/** A world with a backup; `copy` is what a kind copies, and where to. */
async function start(options: WorldOptions = {}) {
    world = await startWorld(options);
    const home = world.sim.regions["eu-de"].cloud;
    const checkpointId = home.addCheckpoint(world.vaultId).id;
    const backupId = home.backupsOf(checkpointId)[0]?.id ?? "";
    const { delegated } = world.sim.regions["eu-nl"];
    const foreign = delegated.cloud.addVault({ protectType: "replication", crossAccountUrn: urn });
    const sources = {
        vaultReplication: { vaultId: world.vaultId },
        backupReplica: { backupId },
        checkpointReplica: { checkpointId },
    };
    const own = { destinationRegion: "eu-nl", destinationVaultId: world.destinationVaultId };
    const there = {
        destinationRegion: "eu-nl",
        destinationVaultId: foreign.id,
        destinationProjectId: delegated.projectId,
        crossAccountUrn: urn,
    };
    const copy = (kind: Kind, more: object = own): CommonInputs => ({ ...sources[kind], ...more }) as CommonInputs;
    return { backupId, own, there, copy, delegated };
}

const posts = () => world.sim.requests.filter(({ method, service }) => method === "POST" && service === "cbr");
const sent = () => posts().map(({ body }) => (body as { replicate: Record<string, unknown> }).replicate);
/** What was asked of the other region, without sign-in. */
const askedThere = () => world.sim.requests.filter(({ region, service }) => region === "eu-nl" && service === "cbr");
const idsOf = (outputs: Outputs) => outputs.destinationBackupIds ?? [outputs.destinationBackupId];

describe.each(all)("%s", (kind) => {
    const handler = handlerOf(kind);

    it("sends enable_acceleration where it is wanted, and nothing where it is not", async () => {
        const { copy, own } = await start();
        const { id, outputs } = await handler.create(world.context(), copy(kind, { ...own, enableAcceleration: true }));
        expect(outputs).toMatchObject({ status: "success", verified: true, enableAcceleration: true });
        expect(sent().map((one) => one["enable_acceleration"])).toEqual([true]);
        // What has been copied is not copied again for it.
        world.sim.clearRequests();
        const updated = await handler.update(
            world.context(),
            id,
            outputs,
            copy(kind, { ...own, enableAcceleration: false }),
        );
        expect([updated.enableAcceleration, world.calls()]).toEqual([false, []]);
        const other = await start();
        await handler.create(world.context(), other.copy(kind, { ...other.own, enableAcceleration: false }));
        expect(sent().map((one) => "enable_acceleration" in one)).toEqual([false]);
    });

    it.each(["otc", "flexibleengine"])("refuses both by name on %s, asking nobody", async (cloud) => {
        const { copy, there } = await start(cloud === "otc" ? (otc as never) : {});
        const context = world.context();
        const settings = { ...context.settings, cloud: { ...context.settings.cloud, value: cloud } };
        const inputs = copy(kind, { ...there, enableAcceleration: true });
        const failures = await handler.preflight?.({ ...context, settings } as never, inputs);
        expect(failures?.map(({ property }) => property)).toEqual(["enableAcceleration", "crossAccountUrn"]);
        for (const { reason } of failures ?? [])
            expect(reason).toMatch(/^(Open Telekom Cloud|FlexibleEngine) does not/);
        expect(world.calls()).toEqual([]);
    });

    it("names the option when a cloud refuses a parameter", async () => {
        const { copy, own } = await start(otc as never);
        await expect(handler.create(world.context(), copy(kind, { ...own, enableAcceleration: true }))).rejects.toThrow(
            /9900.*enableAcceleration may be what is refused/,
        );
        expect(world.sim.regions["eu-nl"].cloud.backups.size).toBe(0);
    });

    it("copies to another account, and looks at nothing there", async () => {
        const { copy, there, delegated } = await start();
        const inputs = copy(kind, there);
        expect(await handler.preflight?.(world.context(), inputs)).toEqual([]);
        const { id, outputs } = await handler.create(world.context(), inputs);
        const [replica] = [...delegated.cloud.backups.keys()];
        expect(outputs.status).toBe("success");
        expect(idsOf(outputs)).toEqual([replica]);
        // Nobody has seen it: nothing says that it is there.
        expect(outputs.verified).toBeUndefined();
        expect(sent()).toMatchObject([{ cross_account_urn: urn, destination_project_id: delegated.projectId }]);
        expect(handler.isSettled(outputs)).toBe(true);
        expect(await handler.needsUpdate?.(world.context(), id, outputs, inputs)).toBe(false);
        const read = await handler.read(world.context(), id, outputs);
        expect(read?.outputs).toEqual(outputs);
        expect(await handler.update(world.context(), id, outputs, inputs)).toEqual(outputs);
        await handler.remove(world.context(), id, { ...outputs, deletionPolicy: "delete" } as Outputs);
        expect([...delegated.cloud.backups.keys()]).toEqual([replica]);
        expect(world.lines.info.join("\n")).toMatch(/another account/);
        expect([askedThere(), world.lines.warn]).toEqual([[], []]);
    });

    it("finds its copy again by the record when the answer is lost, and sends no second one", async () => {
        const { copy, there, delegated } = await start();
        const operation = kind === "vaultReplication" ? "CopyCheckpoint" : "CopyBackup";
        world.sim.fail({ operation, effect: "reset-after-effect" });
        const { outputs } = await handler.create(world.context(), copy(kind, there));
        expect(outputs.status).toBe("success");
        expect([posts().length, delegated.cloud.backups.size, askedThere()]).toEqual([1, 1, []]);
    });

    it("fails where the cloud skips the copy: what is there nobody here can see", async () => {
        const { copy, there } = await start();
        const operation = kind === "vaultReplication" ? "CopyCheckpoint" : "CopyBackup";
        world.sim.fail({ operation, effect: { kind: "record-skip" } });
        await expect(handler.create(world.context(), copy(kind, there))).rejects.toThrow(
            /only that account can see|no replica can be looked for/,
        );
        expect(askedThere()).toEqual([]);
    });

    it("refuses to delete what is another account's, and to guess its project", async () => {
        const { copy, there } = await start();
        const policy = copy(kind, { ...there, deletionPolicy: "delete" });
        expect(checkInputs(handler, policy as never, () => false)).toEqual([
            { property: "deletionPolicy", reason: expect.stringContaining("another account's") },
        ]);
        const guessed = copy(kind, { ...there, destinationProjectId: undefined });
        await expect(handler.create(world.context(), guessed)).rejects.toThrow(/destinationProjectId is required with/);
        expect(posts()).toEqual([]);
    });

    it("refuses what is no mark of a vault, and takes every other", async () => {
        const { copy, there } = await start();
        const reasons = (crossAccountUrn: string) =>
            checkInputs(handler, copy(kind, { ...there, crossAccountUrn }) as never, () => false);
        const refused = {
            property: "crossAccountUrn",
            reason: "must have 1 to 1500 characters, and no spaces or control characters",
        };
        for (const text of ["", " ", "cbr: eu-nl", "cbr:eu-nl\n", "cbr\u0000", "cbr\u200b", "u".repeat(1_501)])
            expect(reasons(text), JSON.stringify(text)).toEqual([refused]);
        for (const text of ["0123456789abcdef", "cbr:eu-nl:0f:vault:Tresor-Prüfer/1", "u".repeat(1_500)])
            expect(reasons(text)).toEqual([]);
    });

    it("says the cloud's word about a vault that takes no such copies", async () => {
        const { copy, there, delegated } = await start();
        for (const [more, code] of [
            [{ crossAccountUrn: "wrong" }, "6118"],
            [{ crossAccountUrn: undefined }, "1011"],
        ] as const)
            await expect(handler.create(world.context(code), copy(kind, { ...there, ...more }))).rejects.toThrow(code);
        expect(delegated.cloud.backups.size).toBe(0);
    });
});
