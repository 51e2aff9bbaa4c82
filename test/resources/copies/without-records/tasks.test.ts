import { expect, it } from "vitest";
import { wireBackup, wireOperationLog } from "../../../../provider/client/operations/wire";
import type { Copy } from "../../../../provider/resources/copies/destination-replicas";
import { type OpenCopy, pairReplicas } from "../../../../provider/resources/copies/without-records/pairing";
import { taskOf } from "../../../../provider/resources/copies/without-records/tasks";

const source = (id: string) =>
    wireBackup.parse({ id, status: "available", resource_id: "server", checkpoint_id: `point of ${id}`, name: id });
const copy = (backupId: string): Copy => ({ backupId, recordId: undefined });

/** A task that says of what resource it is, and nothing else. */
const task = (id: string, status: string) =>
    wireOperationLog.parse({
        id,
        status,
        started_at: "2025-01-02T03:04:05Z",
        extra_info: { resource: { id: "server" } },
    });

const askAs = (resourceRivals: number, statuses: readonly string[]) =>
    taskOf(
        copy("first"),
        { from: 0, destinationRegion: "eu-nl", source: source("first"), rivals: 1, resourceRivals },
        statuses.map((status, index) => task(`task ${index}`, status)),
    )?.id;

it.each([
    ["the only copy has the only task", 1, ["failed"], "task 0"],
    ["one that failed may be another copy's", 2, ["failed"], undefined],
    ["one that succeeded may be another copy's", 2, ["failed", "success"], undefined],
    ["as long as one runs, nothing is decided", 2, ["failed", "running"], "task 1"],
    ["when all have failed, so has this one", 2, ["failed", "timeout"], "task 0"],
] as const)("of tasks that do not tell the backups of a resource apart, %s", (_, rivals, statuses, id) => {
    expect(askAs(rivals, statuses)).toBe(id);
});

it("gives one replica to one copy only", () => {
    const replica = wireBackup.parse({
        id: "replica",
        status: "available",
        resource_id: "server",
        created_at: "2025-01-02T03:04:06Z",
    });
    const shared = task("task", "success");
    const open = ["first", "second"].map(
        (id): OpenCopy => ({
            copy: copy(id),
            source: source(id),
            begun: 0,
            task: shared,
        }),
    );
    const paired = new Map<Copy, typeof replica>();
    const running = { ...task("other", "running") };
    const others = { owners: new Map(), isOthers: () => false, foreign: [], shift: 0 };
    pairReplicas(
        [...open, { copy: copy("third"), source: source("third"), begun: 0, task: running }],
        [replica, { ...replica, id: "replica 2" }],
        others,
        paired,
    );
    expect(new Set(paired.values()).size).toBe(paired.size);
});
