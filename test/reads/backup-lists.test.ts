import { describe, expect, it } from "vitest";
import type { Authenticator } from "../../provider/client/auth/authenticator";
import { Client } from "../../provider/client/client";
import type { HttpRequest, HttpResponse, Transport } from "../../provider/client/http/transport";
import type { Query } from "../../provider/client/operations";
import { resolveSettings } from "../../provider/client/settings/settings";
import { memoryJournal } from "../../provider/exactly-once/journal";
import { backupRows, fewBackupRows, groupBy, mayFilter, operationLogRows } from "../../provider/reads/backup-lists";
import { backupsOfCheckpoint, type CheckpointQuestion, checkpointTopic } from "../../provider/reads/checkpoint-lists";
import { Poller } from "../../provider/reads/poller";
import { sharedRows } from "../../provider/reads/shared-reads";
import type { Services } from "../../provider/services/context";
import { Holders } from "../../provider/services/holders";
import { Memory } from "../../provider/services/memory";
import { FakeClock } from "../support/fake-clock";

const P = "f841e01fd2b14e7fa41b6ae7aa6b0594";
const target = { region: "eu-de", projectId: P };
const MINUTE = 60_000;
const start = Date.UTC(2025, 0, 2, 3, 4, 5);

interface Row {
    readonly id: string;
    readonly status: string;
    readonly checkpoint_id?: string;
    readonly resource_id?: string;
    readonly created_at?: string;
}

const auth: Authenticator = {
    projectId: async () => P,
    authenticate: async (request) => request,
    renew: async () => false,
    accepted: () => {},
    sharedKey: () => undefined,
    describe: () => "nothing",
};

/** Services that talk to `answer`; `queries` are the queries that came, without the page's limit. */
function make(
    answer: (query: URLSearchParams, count: number) => object | { error: [number, string] },
    config: Record<string, string> = {},
) {
    const clock = new FakeClock({ now: start, random: 0 });
    const queries: string[] = [];
    const transport: Transport = {
        send: async (request: HttpRequest): Promise<HttpResponse> => {
            const url = new URL(request.url);
            const query = url.searchParams;
            const limit = query.get("limit");
            query.delete("limit");
            if (query.get("offset") === "0") query.delete("offset");
            queries.push(`${url.pathname.split("/").slice(3).join("/")}?${decodeURIComponent(query.toString())}`);
            expect(Number(limit)).toBeLessThanOrEqual(1_000);
            const said = answer(query, queries.length);
            if ("error" in said) {
                const [status, code] = said.error as [number, string];
                return { status, headers: {}, body: JSON.stringify({ error_code: code, error_msg: "text" }) };
            }
            // As every cloud does: rows name what they were asked for, unless they say something else.
            const asked = { vault_id: query.get("vault_id"), operation_type: query.get("operation_type") };
            const named = (list: object[] | undefined) => list?.map((row) => ({ ...asked, ...row }));
            const lists = said as { backups?: object[]; operation_logs?: object[] };
            const body = { ...said, backups: named(lists.backups), operation_logs: named(lists.operation_logs) };
            return { status: 200, headers: {}, body: JSON.stringify(body) };
        },
        close: async () => {},
    };
    const all: Record<string, string> = { "cbr:maxRequestsPerSecond": "1000", ...config };
    const settings = resolveSettings(
        (key) => all[key],
        {},
        { read: () => undefined, cwd: () => "/", home: () => undefined },
    );
    const client = new Client({ settings, auth, transport, clock });
    const services: Services = {
        settings,
        client,
        clock,
        poller: new Poller(clock),
        journal: memoryJournal(),
        holders: new Holders(clock),
        memory: new Memory(),
        isEngineAlive: async () => true,
        signal: new AbortController().signal,
    };
    return { services, queries, clock, client };
}

const rows = (count: number, more: (index: number) => Partial<Row> = () => ({})): Row[] =>
    Array.from({ length: count }, (_, index) => ({ id: `b${index}`, status: "available", ...more(index) }));

/** Pages over all of a list, as the API gives them. */
function paged(all: readonly Row[], withCount = true) {
    return (query: URLSearchParams) => {
        const offset = Number(query.get("offset") ?? 0);
        return { backups: all.slice(offset, offset + 1_000), ...(withCount ? { count: all.length } : {}) };
    };
}

describe("pages", () => {
    it.each([
        [0, 1],
        [1, 1],
        [1_000, 1],
        [1_001, 2],
        [2_500, 3],
    ])("reads %i rows with a total in %i requests", async (count, requests) => {
        const { services, queries } = make(paged(rows(count)));
        expect((await backupRows(services, target, {})).map((row) => row.id)).toEqual(rows(count).map((row) => row.id));
        expect(queries.length).toBe(requests);
    });

    it.each([
        [0, 1],
        [999, 1],
        [1_000, 2],
        [2_000, 3],
    ])("reads %i rows without a total in %i requests", async (count, requests) => {
        const { services, queries } = make(paged(rows(count), false));
        expect((await backupRows(services, target, {})).length).toBe(count);
        expect(queries.length).toBe(requests);
    });

    it("goes by the rows that came where a cloud gives smaller pages than asked for", async () => {
        const all = rows(250);
        const { services, queries } = make((query) => {
            const offset = Number(query.get("offset") ?? 0);
            return { backups: all.slice(offset, offset + 100), count: 250 };
        });
        expect((await backupRows(services, target, { vault_id: "v" })).length).toBe(250);
        expect(queries).toEqual([
            "backups?vault_id=v",
            "backups?vault_id=v&offset=100",
            "backups?vault_id=v&offset=200",
        ]);
    });

    it("has each row once when new ones push the others to the next page", async () => {
        const all = rows(1_500);
        const { services } = make((query, count) =>
            paged(count === 1 ? all : [{ id: "new", status: "protecting" }, ...all])(query),
        );
        const ids = (await backupRows(services, target, {})).map((row) => row.id);
        expect(ids.length).toBe(1_500);
        expect(new Set(ids).size).toBe(1_500);
    });

    it("ends when a cloud gives the same page again and again", async () => {
        for (const count of [undefined, 1_000_000]) {
            const { services, queries } = make(() => ({
                backups: rows(1_000),
                ...(count === undefined ? {} : { count }),
            }));
            expect((await backupRows(services, target, {})).length).toBe(1_000);
            expect(queries.length).toBe(2);
        }
    });

    it("ends with an empty page, whatever the total says", async () => {
        const { services, queries } = make(() => ({ backups: [], count: 5 }));
        expect(await backupRows(services, target, {})).toEqual([]);
        expect(queries.length).toBe(1);
    });

    it("gives up after the first page when the total says that it would be too many", async () => {
        const { services, queries } = make(paged(rows(3_001)));
        expect(await fewBackupRows(services, target, {}, { maxRows: 3_000 })).toBeUndefined();
        expect(queries.length).toBe(1);
        expect((await fewBackupRows(services, target, {}, { maxRows: 4_000 }))?.length).toBe(3_001);
    });

    it("pages tasks alike", async () => {
        const { services, queries } = make((query) => ({
            operation_logs: query.has("offset") ? [{ id: "o2", status: "running" }] : [{ id: "o1", status: "success" }],
            count: 2,
        }));
        expect((await operationLogRows(services, target, { operation_type: "sync" })).map((row) => row.id)).toEqual([
            "o1",
            "o2",
        ]);
        expect(queries).toEqual(["operation-logs?operation_type=sync", "operation-logs?operation_type=sync&offset=1"]);
    });

    it("fails as a whole when one page fails: half a list is no list", async () => {
        const { services } = make((query) =>
            query.has("offset") ? { error: [403, "APIGW.0302"] } : { backups: rows(1_000), count: 1_500 },
        );
        await expect(backupRows(services, target, {})).rejects.toThrow("ListBackups: HTTP 403");
    });
});

describe("a filter that the cloud does not heed", () => {
    it.each(["vault_id", "checkpoint_id", "resource_id", "parent_id"])(
        "%s: only rows that name it count",
        async (key) => {
            const all = [
                { id: "b1", status: "available", [key]: "it" },
                { id: "b2", status: "available", [key]: "other" },
                { id: "b3", status: "available", [key]: null },
                { id: "b4", status: "available", [key]: "IT" },
            ];
            const { services } = make(() => ({ backups: all, count: 4 }));
            expect((await backupRows(services, target, { [key]: "it" })).map((one) => one.id)).toEqual(["b1", "b4"]);
            expect(
                (await fewBackupRows(services, target, { [key]: "it" }, { maxRows: 10 }))?.map((one) => one.id),
            ).toEqual(["b1", "b4"]);
            expect(await backupRows(services, target, {})).toHaveLength(4);
        },
    );

    it("keeps to the type of tasks, by its old name too, and leaves out those of another vault", async () => {
        const log = (id: string, type: string | null, vault: string | null) => ({
            id,
            status: "success",
            operation_type: type,
            vault_id: vault,
        });
        const all = [
            log("o1", "replication", "v"),
            log("o2", "copy", "v"),
            log("o3", "backup", "v"),
            log("o4", null, "v"),
            log("o5", "replication", "other"),
            log("o6", "replication", null),
        ];
        const { services } = make(() => ({ operation_logs: all, count: 6 }));
        const ids = async (query: Query) => (await operationLogRows(services, target, query)).map((one) => one.id);
        expect(await ids({ operation_type: "replication", vault_id: "v" })).toEqual(["o1", "o2", "o6"]);
        expect(await ids({ operation_type: "backup" })).toEqual(["o3"]);
        expect(await ids({})).toHaveLength(6);
    });
});

describe("the backups of one checkpoint", () => {
    const row = (id: string, resource: string, checkpoint = "c"): Row => ({
        id,
        status: "available",
        checkpoint_id: checkpoint,
        resource_id: resource,
    });

    it("asks once when every expected resource is there", async () => {
        const { services, queries } = make(() => ({ backups: [row("b1", "r1"), row("b2", "r2")], count: 2 }));
        expect(
            (await backupsOfCheckpoint(services, target, { checkpointId: "c", expected: ["r1", "r2"] })).map(
                (one) => one.id,
            ),
        ).toEqual(["b1", "b2"]);
        expect(queries).toEqual(["backups?checkpoint_id=c"]);
    });

    it("asks Huawei Cloud again for hidden ones, and has each once", async () => {
        const { services, queries } = make((query) => ({
            backups: query.has("incremental")
                ? [row("b1", "r1"), row("b2", "r2"), row("b9", "r9", "other")]
                : [row("b1", "r1")],
        }));
        expect(
            (await backupsOfCheckpoint(services, target, { checkpointId: "c", expected: ["r1", "r2"] })).map(
                (one) => one.id,
            ),
        ).toEqual(["b1", "b2"]);
        expect(queries).toEqual(["backups?checkpoint_id=c", "backups?checkpoint_id=c&incremental=true"]);
    });

    it("takes no row of another checkpoint, nor one that names none, even if the filter is ignored", async () => {
        const { services } = make(() => ({
            backups: [row("b1", "r1"), row("b9", "r1", "other"), { id: "b2", status: "available", resource_id: "r1" }],
        }));
        expect(
            (await backupsOfCheckpoint(services, target, { checkpointId: "c", expected: ["r1", "r2"] })).map(
                (one) => one.id,
            ),
        ).toEqual(["b1"]);
    });

    it("asks a region that refuses the filter never again, and other regions all the same", async () => {
        const { services, queries } = make((query) =>
            query.has("incremental") ? { error: [400, "BackupService.9900"] } : { backups: [row("b1", "r1")] },
        );
        for (let index = 0; index < 2; index++)
            expect(
                (await backupsOfCheckpoint(services, target, { checkpointId: "c", expected: ["r1", "r2"] })).length,
            ).toBe(1);
        expect(queries).toEqual([
            "backups?checkpoint_id=c",
            "backups?checkpoint_id=c&incremental=true",
            "backups?checkpoint_id=c",
        ]);
        expect(mayFilter(services, { ...target, region: "eu-nl" }, "incremental")).toBe(true);
        expect(mayFilter(services, target, "show_replication")).toBe(true);
    });

    it("passes on a failure that says nothing about the filter", async () => {
        const { services } = make((query) =>
            query.has("incremental") ? { error: [403, "APIGW.0302"] } : { backups: [] },
        );
        await expect(backupsOfCheckpoint(services, target, { checkpointId: "c", expected: ["r1"] })).rejects.toThrow(
            "HTTP 403",
        );
        expect(mayFilter(services, target, "incremental")).toBe(true);
    });

    it("does not try the filter on OTC when the settings say that it is OTC", async () => {
        const { services, queries } = make(() => ({ backups: [] }), { "cbr:cloud": "otc" });
        await backupsOfCheckpoint(services, target, { checkpointId: "c", expected: ["r1"] });
        expect(queries).toEqual(["backups?checkpoint_id=c"]);
    });
});

const at = (ms: number) => new Date(start + ms).toISOString().replace("Z", "");
const question = (checkpointId: string, createdMs: number | undefined = 0, vaultId: string | undefined = "v") => ({
    checkpointId,
    vaultId,
    createdAt: createdMs === undefined ? undefined : at(createdMs),
});

const look = (services: Services, questions: readonly CheckpointQuestion[]) =>
    checkpointTopic(services, target).look(questions, Number.POSITIVE_INFINITY);

describe("the backups of many checkpoints", () => {
    const of = (checkpoint: string, id: string): Row => ({ id, status: "available", checkpoint_id: checkpoint });

    it("asks for one by its id, and takes no row of another, even if the filter is ignored", async () => {
        const { services, queries } = make(() => ({ backups: [of("c1", "b1"), of("c9", "b9")] }));
        expect((await look(services, [question("c1")])).map((list) => list?.map((row) => row.id))).toEqual([["b1"]]);
        expect(queries).toEqual(["backups?checkpoint_id=c1"]);
    });

    it("asks for many with one list, from a little before the oldest on, in one vault if all are of one", async () => {
        const { services, queries } = make(() => ({
            backups: [of("c2", "b2"), of("c1", "b1"), of("c1", "b3"), of("c9", "b9"), { id: "b0", status: "error" }],
        }));
        const lists = await look(services, [question("c1", MINUTE), question("c2", 0)]);
        expect(lists.map((list) => list?.map((row) => row.id))).toEqual([["b1", "b3"], ["b2"]]);
        expect(queries).toEqual(["backups?start_time=2025-01-02T03:04:00Z&end_time=2025-01-02T03:06:05Z&vault_id=v"]);
    });

    it("asks once more for what a list may hide, while something is missing and the region knows the filter", async () => {
        const all = [of("c1", "b1"), of("c2", "b2")];
        const questions = [question("c1"), question("c2"), question("c3")];
        const list = "backups?start_time=2025-01-02T03:04:00Z&end_time=2025-01-02T03:05:05Z&vault_id=v";
        const { services, queries } = make((query) => ({ backups: query.has("incremental") ? all : [of("c1", "b1")] }));
        const lists = await look(services, questions);
        expect(lists.map((rows) => rows?.map((row) => row.id))).toEqual([["b1"], ["b2"], undefined]);
        expect((await look(services, [question("c2")]))[0]).toHaveLength(1);
        const one = "backups?checkpoint_id=c2";
        expect(queries).toEqual([list, `${list}&incremental=true`, one, `${one}&incremental=true`]);
        const other = make((query) =>
            query.has("incremental") ? { error: [400, "BackupService.9900"] } : { backups: [of("c1", "b1")] },
        );
        for (let index = 0; index < 2; index++) expect((await look(other.services, questions))[0]).toHaveLength(1);
        expect(other.queries).toEqual([list, `${list}&incremental=true`, list]);
    });

    it("asks the whole region when there are several vaults, or none is known", async () => {
        for (const questions of [
            [question("c1", 0, "v1"), question("c2", 0, "v2")],
            [
                { ...question("c1"), vaultId: undefined },
                { ...question("c2"), vaultId: undefined },
            ],
        ]) {
            const { services, queries } = make(() => ({ backups: [of("c1", "b1"), of("c2", "b2")] }));
            await look(services, questions);
            expect(queries).toEqual(["backups?start_time=2025-01-02T03:04:00Z&end_time=2025-01-02T03:05:05Z"]);
        }
    });

    it("asks by id only for those whose time is not known", async () => {
        const { services, queries } = make((query) => ({
            backups: query.has("checkpoint_id") ? [of("c2", "b2")] : [of("c1", "b1"), of("c3", "b3")],
        }));
        const questions = [question("c1"), { ...question("c2"), createdAt: undefined }, { ...question("c3") }];
        expect((await look(services, questions)).map((list) => list?.map((row) => row.id))).toEqual([
            ["b1"],
            ["b2"],
            ["b3"],
        ]);
        expect(queries).toEqual([
            "backups?checkpoint_id=c2",
            "backups?start_time=2025-01-02T03:04:00Z&end_time=2025-01-02T03:05:05Z&vault_id=v",
        ]);
    });

    it("asks each once when nobody's time is known, also if two ask for the same", async () => {
        const { services, queries } = make(() => ({ backups: [of("c1", "b1")] }));
        const unknown = { ...question("c1"), createdAt: "soon" };
        expect((await look(services, [unknown, unknown])).map((list) => list?.length)).toEqual([1, 1]);
        expect(new Set(queries)).toEqual(new Set(["backups?checkpoint_id=c1"]));
    });

    it("asks nothing for nobody", async () => {
        const { services, queries } = make(() => ({ backups: [] }));
        expect(await look(services, [])).toEqual([]);
        expect(queries).toEqual([]);
    });

    it("takes a page for each thousand backups of 10,000 checkpoints that wait, and no more", async () => {
        const all = rows(10_000, (index) => ({ checkpoint_id: `c${index}` }));
        const { services, queries } = make(paged(all));
        const questions = all.map((_, index) => question(`c${index}`));
        const lists = await checkpointTopic(services, target).look(questions, Number.POSITIVE_INFINITY);
        expect(lists.every((list, index) => list?.[0]?.id === `b${index}`)).toBe(true);
        expect(queries.length).toBe(10);
    });
});

describe("reads that come together", () => {
    const of = (checkpoint: string, id: string): Row => ({ id, status: "available", checkpoint_id: checkpoint });
    const read = (services: Services, ...questions: ReturnType<typeof question>[]) =>
        Promise.all(questions.map((one) => sharedRows(services, target, one)));
    const ids = (lists: readonly (readonly Row[] | undefined)[]) => lists.map((list) => list?.map((row) => row.id));

    it("share one list, from an hour before the oldest on", async () => {
        const { services, queries, clock } = make(() => ({ backups: [of("c1", "b1"), of("c2", "b2")], count: 2 }));
        const lists = await read(services, question("c1", -MINUTE), question("c2"), question("c3"));
        expect(ids(lists as never)).toEqual([["b1"], ["b2"], undefined]);
        expect(queries).toEqual(["backups?start_time=2025-01-02T02:03:05Z&vault_id=v"]);
        expect(clock.sleeps).toEqual([15]);
    });

    it("asks for a single one by its id", async () => {
        const { services, queries } = make(() => ({ backups: [of("c1", "b1")] }));
        expect(ids((await read(services, question("c1"))) as never)).toEqual([["b1"]]);
        expect(queries).toEqual(["backups?checkpoint_id=c1"]);
    });

    it("serves later ones from the same list for five seconds", async () => {
        const { services, queries, clock } = make(() => ({ backups: [of("c1", "b1"), of("c3", "b3")], count: 2 }));
        await read(services, question("c1"), question("c2"));
        expect(ids((await read(services, question("c3", -MINUTE))) as never)).toEqual([["b3"]]);
        expect(queries.length).toBe(1);
        clock.jump(5_000);
        await read(services, question("c1"));
        expect(queries.length).toBe(2);
    });

    it.each([
        ["older ones", question("other", -2 * 60 * MINUTE)],
        ["other vaults", question("other", 0, "w")],
        ["unknown times", { ...question("other"), createdAt: undefined }],
    ])("asks anew what the list cannot show: %s", async (_what, other) => {
        const { services, queries } = make((query) => ({
            backups: [of(query.get("checkpoint_id") ?? "c1", "b")],
            count: 1,
        }));
        await read(services, question("c1"), question("c2"));
        await read(services, other);
        expect(queries.slice(1)).toEqual(["backups?checkpoint_id=other"]);
    });

    it("counts those that come one after the other together: a thousand are not a thousand requests", async () => {
        const all = rows(1_000, (index) => ({ checkpoint_id: `c${index}` }));
        const { services, queries } = make((query) => {
            const checkpoint = query.get("checkpoint_id");
            return checkpoint === null ? { backups: all, count: 1_000 } : { backups: [of(checkpoint, "b")] };
        });
        for (let index = 0; index < 1_000; index++)
            expect((await read(services, question(`c${index}`)))[0]).toHaveLength(1);
        const singles = queries.filter((one) => one.includes("checkpoint_id"));
        // A list is tried for twice as many each time, until it is as long as what it may stand for.
        expect([singles.length, queries.length - singles.length]).toEqual([31, 5]);
    });

    it("asks anew once this process has changed something", async () => {
        const { services, queries, client } = make(() => ({ backups: [], count: 0 }));
        await read(services, question("c1"), question("c2"));
        client.changes++;
        await read(services, question("c1"), question("c2"));
        expect(queries.length).toBe(2);
    });

    it("does not keep a list that was under way while something changed", async () => {
        const parts = make((_, count) => {
            if (count === 1) parts.client.changes++;
            return { backups: [], count: 0 };
        });
        await read(parts.services, question("c1"), question("c2"));
        await read(parts.services, question("c1"), question("c2"));
        expect(parts.queries.length).toBe(2);
    });

    it("asks for each by its id when the list would be longer than that", async () => {
        const { services, queries } = make((query) => {
            const checkpoint = query.get("checkpoint_id");
            return checkpoint === null
                ? { backups: rows(1_000), count: 2_001 }
                : { backups: [of(checkpoint, `b-${checkpoint}`)] };
        });
        expect(ids((await read(services, question("c1"), question("c2"))) as never)).toEqual([["b-c1"], ["b-c2"]]);
        expect(queries).toEqual([
            "backups?start_time=2025-01-02T02:04:05Z&vault_id=v",
            "backups?checkpoint_id=c1",
            "backups?checkpoint_id=c2",
        ]);
    });

    it("fail together, and the next ask anew", async () => {
        const { services, queries } = make((_, count) =>
            count === 1 ? { error: [403, "APIGW.0302"] } : { backups: [of("c1", "b1")], count: 1 },
        );
        const results = await Promise.allSettled(
            [question("c1"), question("c2")].map((one) => sharedRows(services, target, one)),
        );
        expect(results.map((result) => result.status)).toEqual(["rejected", "rejected"]);
        expect(ids((await read(services, question("c1"), question("c2"))) as never)).toEqual([["b1"], undefined]);
        expect(queries.length).toBe(2);
    });

    it("keep regions and projects apart", async () => {
        const { services, queries } = make((query) => ({
            backups: [of(query.get("checkpoint_id") ?? "", "b")],
            count: 1,
        }));
        await Promise.all([
            sharedRows(services, target, question("c1")),
            sharedRows(services, { ...target, projectId: "0123456789abcdef0123456789abcdef" }, question("c2")),
        ]);
        expect(queries.sort()).toEqual(["backups?checkpoint_id=c1", "backups?checkpoint_id=c2"]);
    });
});

it("groups rows, and leaves out those without a key", () => {
    const groups = groupBy([1, 2, 3, 4, 5], (row) => (row === 3 ? undefined : row % 2));
    expect([...groups]).toEqual([
        [1, [1, 5]],
        [0, [2, 4]],
    ]);
});
