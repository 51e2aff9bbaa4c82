// The pace at which handlers look: a resource's own, else that of the settings.
import { afterEach, expect, it } from "vitest";
import { memoryJournal } from "../../provider/exactly-once/journal";
import type { Waits } from "../../provider/reads/poller";
import { checkInputs } from "../../provider/resource/check";
import type { CommonInputs, ResourceHandler } from "../../provider/resource/resource";
import { checkpoint } from "../../provider/resources/checkpoint/checkpoint";
import { backupReplica } from "../../provider/resources/copies/backup-replica";
import { checkpointReplica } from "../../provider/resources/copies/checkpoint-replica";
import { vaultReplication } from "../../provider/resources/copies/vault-replication";
import { vaultSync } from "../../provider/resources/vault-sync/vault-sync";
import type { Context } from "../../provider/services/context";
import { createServices } from "../../provider/services/services";
import { FakeClock } from "../support/fake-clock";
import { startWorld, type World } from "../support/world";

let world: World | undefined;
afterEach(() => world?.close());

interface Paced {
    readonly context: Context;
    /** Pace of each wait, in milliseconds; undefined: that of the settings. */
    readonly waits: (number | undefined)[];
}

/** A context that notes at which pace its waits are. */
function noting(context: Context): Paced {
    const waits: (number | undefined)[] = [];
    const noted = (pace: number | undefined): Waits => ({
        wait: (wait) => {
            waits.push(pace);
            return context.poller.wait(wait);
        },
        paced: (other) => noted(other ?? pace),
    });
    return { context: { ...context, poller: noted(undefined) }, waits };
}

it.each(["checkpoint", "vaultReplication", "backupReplica", "checkpointReplica", "vaultSync"] as const)(
    "%s waits at its own pace, when it is made, goes on waiting and is deleted",
    async (kind) => {
        world = await startWorld();
        const { cloud } = world.sim.regions["eu-de"];
        const source = cloud.addCheckpoint(world.vaultId);
        const copyTo = { destinationRegion: "eu-nl", destinationVaultId: world.destinationVaultId };
        const handlers = { checkpoint, vaultReplication, backupReplica, checkpointReplica, vaultSync };
        const inputs = {
            checkpoint: { vaultId: world.vaultId },
            vaultReplication: { vaultId: world.vaultId, ...copyTo },
            backupReplica: { backupId: cloud.backupsOf(source.id)[0]?.id, ...copyTo },
            checkpointReplica: { checkpointId: source.id, ...copyTo },
            vaultSync: { vaultId: world.hybridVaultId },
        }[kind];
        const handler = handlers[kind] as unknown as ResourceHandler<CommonInputs, CommonInputs>;
        const own = { ...inputs, pollInterval: "2s", ...(kind === "vaultSync" ? {} : { deletionPolicy: "delete" }) };
        const { context, waits } = noting(world.context());
        const unfinished = await handler.create(context, { ...own, wait: false });
        const done = await handler.update(context, unfinished.id, unfinished.outputs, own);
        expect(waits.length).toBeGreaterThan(0);
        await handler.remove(context, unfinished.id, done);
        expect(new Set(waits)).toEqual(new Set([2_000]));
        const { pollInterval: _, ...plain } = own;
        cloud.addCheckpoint(world.vaultId);
        const usual = noting(world.context("usual"));
        await handler.create(usual.context, plain as CommonInputs).catch(() => {});
        expect(new Set(usual.waits)).toEqual(new Set([undefined]));
    },
);

it("takes the pace of the settings where a resource has none", async () => {
    const clock = new FakeClock({ random: 0 });
    const { poller } = createServices(
        (key) => (key === "cbr:pollInterval" ? "45s" : undefined),
        {},
        {
            clock,
            journal: memoryJournal(),
        },
    );
    const at: number[] = [];
    const look = async () => {
        at.push(clock.elapsed);
        return [at.length];
    };
    await poller.wait({
        topic: { key: "any", look },
        question: "any",
        what: "any",
        deadline: clock.now() + 3_600_000,
        evaluate: (count) => (count === 3 ? { done: true, result: "" } : { done: false, status: "running" }),
    });
    expect(at).toEqual([250, 45_250, 90_250]);
});

it.each(["0s", "900ms", "601s", "often", ""])("refuses %j as a pace, at its property", (pollInterval) => {
    const vaultId = "8b0851a8-adf3-4f4c-a914-dead08bf9664";
    expect(checkInputs(checkpoint, { vaultId, pollInterval }, () => false)).toEqual([
        { property: "pollInterval", reason: "must be a duration from 1s to 10m, such as 30s" },
    ]);
    expect(checkInputs(checkpoint, { vaultId, pollInterval: "1m30s" }, () => false)).toEqual([]);
});
