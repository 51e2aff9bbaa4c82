// The examples of the API's pages, word for word: what they answer we can read, what they ask we send. So client and
// simulator cannot agree on the same mistake.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { Client } from "../../../provider/client/client";
import type { Operation } from "../../../provider/client/operations";
import * as operations from "../../../provider/client/operations";
import { resolveSettings } from "../../../provider/client/settings/settings";
import { FakeClock } from "../../support/fake-clock";
import { ScriptedTransport } from "../../support/scripted-transport";

interface Example {
    readonly page: string;
    readonly cloud: string;
    readonly operation: string;
    readonly method: string;
    readonly path: string;
    readonly request: unknown;
    readonly status: number;
    readonly response: unknown;
}

const folder = join(__dirname, "../../fixtures/vendor");
const examples = readdirSync(folder)
    .sort()
    .map((file) => [file, JSON.parse(readFileSync(join(folder, file), "utf8")) as Example] as const);
const all = Object.values(operations) as Operation<unknown, unknown>[];
const byId = new Map(all.map((operation) => [operation.id, operation]));

function operationOf(example: Example): Operation<unknown, unknown> {
    const operation = byId.get(example.operation);
    if (operation === undefined) throw new Error(`No operation has the id ${example.operation}.`);
    return operation;
}

/** Project and path values of the example's URL, by the operation's template. */
function partsOf(example: Example): { projectId: string; path: Record<string, string> } {
    const { path } = operationOf(example);
    const names = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? "");
    const pattern = new RegExp(`^/v3/([^/]+)${path.replaceAll(/\{\w+\}/g, "([^/]+)")}$`);
    const match = pattern.exec(example.path);
    if (match === null) throw new Error(`${example.path} does not fit ${path}.`);
    return {
        projectId: match[1] ?? "",
        path: Object.fromEntries(names.map((name, index) => [name, match[index + 2] ?? ""])),
    };
}

/** Every leaf of a JSON value, with its path. */
function leaves(value: unknown, path = ""): [string, unknown][] {
    if (typeof value !== "object" || value === null) return [[path, value]];
    return Object.entries(value).flatMap(([key, item]) => leaves(item, `${path}.${key}`));
}

/** What reading changes on purpose: numbers as text become numbers (api-notes: Sizes and counts), null and "" are no value. */
function asRead(value: unknown): unknown {
    if (value === null || value === "") return undefined;
    return typeof value === "string" && /^-?\d+$/.test(value) ? Number(value) : value;
}

it("has the page's example of every operation that sends something", () => {
    const sending = all.filter(({ request }) => request !== undefined).map(({ id }) => id);
    expect(examples.map(([, example]) => example.operation)).toEqual(expect.arrayContaining(sending));
    expect(sending.length).toBeGreaterThan(3);
});

describe.each(examples)("%s", (_, example) => {
    it("is the operation's method and address", () => {
        const operation = operationOf(example);
        expect(operation.method).toBe(example.method);
        expect(operation.status).toBe(example.status);
        expect(() => partsOf(example)).not.toThrow();
    });

    it("answers what our schema reads, with nothing lost that it knows", () => {
        const read = operationOf(example).response?.parse(example.response);
        // A page that describes no body.
        if (example.response === null) {
            expect(leaves(read).map(([, value]) => value)).toEqual([undefined]);
            return;
        }
        const got = new Map(leaves(read));
        const known = leaves(example.response).filter(([path]) => got.has(path));
        expect(known.map(([path, value]) => [path, asRead(value)])).toEqual(
            known.map(([path]) => [path, got.get(path)]),
        );
        // We read what we use. A page of a whole backup shows almost twice as much.
        expect(known.length / leaves(example.response).length).toBeGreaterThan(0.5);
        for (const [path, value] of got)
            if (value !== undefined)
                expect(
                    leaves(example.response).map(([one]) => one),
                    "nothing is invented",
                ).toContain(path);
    });

    it("still reads when the API adds keys at every depth", () => {
        const grown = (value: unknown): unknown =>
            Array.isArray(value)
                ? value.map(grown)
                : typeof value === "object" && value !== null
                  ? {
                        ...Object.fromEntries(Object.entries(value).map(([key, item]) => [key, grown(item)])),
                        brand_new: { a: 1 },
                    }
                  : value;
        const operation = operationOf(example);
        expect(operation.response?.parse(grown(example.response))).toEqual(operation.response?.parse(example.response));
    });

    it("asks what our schema takes without a change, and refuses with a typo", () => {
        const { request } = operationOf(example);
        if (example.request === null) {
            expect(request).toBeUndefined();
            return;
        }
        expect(request?.parse(example.request)).toEqual(example.request);
        const [outer, inner] = Object.entries(example.request as Record<string, object>)[0] ?? ["", {}];
        expect(request?.safeParse({ [outer]: { ...inner, brand_new: 1 } }).success).toBe(false);
        expect(request?.safeParse({ ...(example.request as object), brand_new: 1 }).success).toBe(false);
    });

    it("is just what goes over the wire", async () => {
        const { projectId, path } = partsOf(example);
        const clock = new FakeClock();
        const base = "https://cbr.eu-de.otc.t-systems.com";
        const transport = new ScriptedTransport([
            {
                method: example.method,
                url: `${base}${example.path}`,
                body: example.request ?? undefined,
                answer: { status: example.status, body: example.response ?? undefined },
            },
        ]);
        const settings = resolveSettings(
            (key) => ({ "cbr:cloud": "otc" })[key],
            {},
            { read: () => undefined, cwd: () => "/", home: () => undefined },
        );
        const auth = {
            projectId: async () => projectId,
            authenticate: async <T>(request: T) => request,
            renew: async () => false,
            accepted: () => {},
            sharedKey: () => undefined,
            describe: () => "nothing",
        };
        const client = new Client({ settings, auth, transport, clock });
        const operation = operationOf(example);
        const answer = await client.call(operation, {
            target: { region: "eu-de", projectId },
            path,
            ...(example.request === null ? {} : { body: example.request }),
        });
        expect(answer).toEqual(operation.response?.parse(example.response));
        transport.done();
    });
});

it("reads sizes as text and as numbers, and null, empty and absent alike", () => {
    const read = (resource: object) =>
        operations.showCheckpoint.response?.parse({
            checkpoint: { id: "c", status: "available", vault: { resources: [{ id: "r", ...resource }] } },
        })?.checkpoint.vault?.resources[0]?.resource_size;
    expect([{ resource_size: "40" }, { resource_size: 40 }].map(read)).toEqual([40, 40]);
    expect([{}, { resource_size: null }, { resource_size: "" }, { resource_size: "big" }].map(read)).toEqual([
        undefined,
        undefined,
        undefined,
        undefined,
    ]);
});

it.each([
    ["a text", { name: true }, "name", "expected string, received boolean"],
    ["a number", { resource_size: {} }, "resource_size", "expected number, received object"],
    ["a flag", { incremental: "perhaps" }, "incremental", "expected boolean, received string"],
])("refuses %s of another type, and says where", (_, more, field, message) => {
    const backup = { id: "b", status: "available", ...more };
    const issue = operations.showBackup.response?.safeParse({ backup }).error?.issues[0];
    expect(issue).toMatchObject({ path: ["backup", field], message: expect.stringContaining(message) });
});

it("tells no replication records from an empty list of them", () => {
    const read = (more: object) =>
        operations.showBackup.response?.parse({ backup: { id: "b", status: "available", ...more } }).backup
            .replication_records;
    expect([read({}), read({ replication_records: null }), read({ replication_records: [] })]).toEqual([
        undefined,
        undefined,
        [],
    ]);
});

it("keeps a status that nobody has heard of as it is", () => {
    expect(operations.showBackup.response?.parse({ backup: { id: "b", status: "levitating" } }).backup.status).toBe(
        "levitating",
    );
    expect(
        operations.showOpLog.response?.parse({ operation_log: { id: "o", status: "levitating" } }).operation_log.status,
    ).toBe("levitating");
});

it.each([
    ["a checkpoint", operations.showCheckpoint, { checkpoint: { id: "", status: "available" } }],
    ["a backup", operations.showBackup, { backup: { status: "available" } }],
    ["a task", operations.showOpLog, { operation_log: { id: null, status: "running" } }],
    ["a vault", operations.showVault, { vault: { id: 7 } }],
    ["a record", operations.copyBackup, { replication: { replication_record_id: "" } }],
    ["a synchronisation", operations.importCheckpoint, { sync: {} }],
    ["a list", operations.listBackups, { backups: null }],
    ["region pairs", operations.showReplicationCapabilities, {}],
    ["a list of tasks under the wrong key", operations.listOpLogs, { operation_log: [] }],
] as const)("does not read %s without what everything hangs on", (_, operation, answer) => {
    expect(operation.response?.safeParse(answer).success).toBe(false);
});

it("has one operation a vendor id; of the POSTs only the one that changes nothing may be sent again", () => {
    expect(byId.size).toBe(all.length);
    expect(
        all.map(({ id, method, path, idempotent }) => `${id}: ${method} ${path}${idempotent ? "" : ", once"}`).sort(),
    ).toEqual([
        "CheckAgent: POST /agent/check",
        "CopyBackup: POST /backups/{backup_id}/replicate, once",
        "CopyCheckpoint: POST /checkpoints/replicate, once",
        "CreateCheckpoint: POST /checkpoints, once",
        "DeleteBackup: DELETE /backups/{backup_id}",
        "ImportCheckpoint: POST /checkpoints/sync, once",
        "ListBackups: GET /backups",
        "ListOpLogs: GET /operation-logs",
        "ListProtectable: GET /protectables/{protectable_type}/instances",
        "ListVaults: GET /vaults",
        "RestoreBackup: POST /backups/{backup_id}/restore, once",
        "ShowBackup: GET /backups/{backup_id}",
        "ShowCheckpoint: GET /checkpoints/{checkpoint_id}",
        "ShowOpLog: GET /operation-logs/{operation_log_id}",
        "ShowProtectable: GET /protectables/{protectable_type}/instances/{instance_id}",
        "ShowReplicationCapabilities: GET /replication-capabilities",
        "ShowVault: GET /vaults/{vault_id}",
        "UpdateBackup: PUT /backups/{backup_id}",
    ]);
});
