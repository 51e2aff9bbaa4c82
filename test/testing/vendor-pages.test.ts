import { randomUUID } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { type Simulator, startSimulator } from "../../sdk/testing/index";
import { fetchAnswer } from "./harness";

// The examples of the API's pages, word for word. The simulator must answer their requests with their shapes.
interface Fixture {
    page: string;
    operation: string;
    method: string;
    path: string;
    request: Record<string, Record<string, unknown>> | null;
    status: number;
    response: Record<string, unknown> | null;
}
const folder = join(__dirname, "../fixtures/vendor");
const fixtures = readdirSync(folder).map((file): Fixture => JSON.parse(readFileSync(join(folder, file), "utf8")));

let sim: Simulator<"region1" | "region2"> | undefined;
afterEach(() => sim?.close());

/** Every path of a value with the type that stands there; lists count by their first item. */
function shape(value: unknown, path = ""): string[] {
    if (Array.isArray(value)) return value.length === 0 ? [] : shape(value[0], `${path}[]`);
    if (typeof value !== "object" || value === null) return [`${path}: ${value === null ? "null" : typeof value}`];
    return Object.entries(value).flatMap(([key, item]) => shape(item, `${path}.${key}`));
}

/** Keys that a page has in its table, but not in its example. */
const inTableOnly: Readonly<Record<string, RegExp>> = {
    "Querying a Restore Point": /^\.checkpoint\.extra_info\./,
    // Its object is taken from OTC's example of ShowBackup, which has less.
    "Modifying a Backup": /^\.backup\./,
};
/** What the simulator has no value for: zones, snapshots, and how consistent an application was. */
const withoutValue = /\.(resource_az|snapshot_id): string$|\.app_consistency\./;

it.each(fixtures.map((fixture) => [fixture.page, fixture] as const))(
    'answers the example of "%s" in its shape',
    async (_page, fixture) => {
        const [, , projectId = "", , id = ""] = fixture.path.split("/");
        const [inner = {}] = Object.values(fixture.request ?? {});
        const destinationProject = String(inner["destination_project_id"] ?? "68589cac08274b82b4e254268a3862d8");
        sim = await startSimulator({
            progressBy: "reads",
            checkAnswers: true,
            regions: [
                // No page says that the answer to RestoreBackup has a body, which it has on Huawei Cloud.
                { name: "region1", projectId, dialect: fixture.operation === "RestoreBackup" ? "otc" : "huawei" },
                { name: "region2", projectId: destinationProject },
            ],
        });
        const { cloud, url } = sim.regions.region1;
        const hybrid = fixture.operation === "ImportCheckpoint";
        const vault = cloud.addVault({
            name: "vault-be94",
            resources: [
                {
                    id: "94eba8b2-acc9-4d82-badc-127144cc5526",
                    name: "ecs-1f0f-0002",
                    disks: [{ id: "eccbcfdd-f843-4bbb-b2c0-a5ce861f9376" }],
                },
            ],
            ...(typeof inner["vault_id"] === "string" ? { id: inner["vault_id"] } : {}),
            ...(hybrid ? { cloudType: "hybrid" as const } : {}),
        });
        // The checkpoint, the backup, its disk: the last is the one that the example of RestoreBackup maps.
        const ids = [randomUUID(), randomUUID(), "5d822633-2bbf-4af8-a16e-5ab1c7705235"];
        const checkpoint =
            hybrid || fixture.operation === "CreateCheckpoint"
                ? undefined
                : cloud.addCheckpoint(vault.id, { newId: () => ids.shift() ?? "" });
        sim.regions.region2.cloud.addVault({ id: "0ca3eb86-8800-46da-9c37-9d657a825274", protectType: "replication" });
        // The path's own id is that of something here: a restore point, or a backup.
        const known = fixture.path.includes("/backups/")
            ? cloud.backupsOf(checkpoint?.id ?? "")[0]?.id
            : checkpoint?.id;
        const answer = await fetchAnswer(
            `${url}${["sync", "replicate", "check"].includes(id) ? fixture.path : fixture.path.replace(id || "-", known ?? "")}`,
            {
                method: fixture.method,
                headers: { "content-type": "application/json", "x-auth-token": sim.issueToken("region1") },
                ...(fixture.request === null ? {} : { body: JSON.stringify(fixture.request) }),
            },
        );
        expect([answer.status, answer.text]).toEqual([fixture.status, expect.any(String)]);
        const wanted = fixture.response === null ? [] : shape(fixture.response);
        const got = shape(answer.body);
        const missing = wanted.filter((line) => !got.includes(line) && !withoutValue.test(line));
        const extra = got.filter((line) => !wanted.includes(line) && !inTableOnly[fixture.page]?.test(line));
        expect({ missing, extra }).toEqual({ missing: [], extra: [] });
    },
);
