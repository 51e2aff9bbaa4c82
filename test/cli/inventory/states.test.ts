import { chmodSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { Holders } from "../../../cli/inventory/holders";
import { parseState, readStates } from "../../../cli/inventory/states";
import { stateOf } from "../cloud";

const fixture = (name: string) => {
    const file = join(__dirname, `../../fixtures/state/0.1.0/${name}.json`);
    return parseState(readFileSync(file, "utf8"), `--state ${name}`);
};
const id = (number: number) => `00000003-0000-4000-8000-${String(number).padStart(12, "0")}`;
const holdersOf = (name: string) => new Holders([fixture(name)]);
const shown = (holders: Holders, ...ids: string[]) =>
    holders.of(...ids).map(({ stack, resource, hold }) => `${stack} ${resource} ${hold}`);

const SECRET = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270" };

describe("the states that 0.1.0 wrote", () => {
    it("tell whose the backups, disks and checkpoint of a Checkpoint are", () => {
        const holders = holdersOf("finished");
        // The run that copied them names the backups, too, and the checkpoint as its trigger.
        expect(shown(holders, id(4))).toEqual(["dev before taken", "dev run source"]);
        expect(shown(holders, id(6))).toEqual(["dev before taken"]);
        expect(shown(holders, id(3))).toEqual(["dev before taken", "dev run named"]);
    });

    it("tell whose the replicas are, of all three classes that copy", () => {
        const finished = holdersOf("finished");
        expect(shown(finished, id(13))).toEqual(["dev copy copied"]);
        expect(shown(finished, id(12))).toEqual(["dev copy source"]);
        expect(shown(finished, id(15), id(16))).toEqual(["dev run copied"]);
        expect(finished.sourceOf(id(15))).toEqual({ backupId: id(5), createdMs: Date.UTC(2025, 5, 1, 12) });
        const copied = holdersOf("copied");
        expect(shown(copied, id(3))).toEqual(["dev point copied"]);
        expect(shown(copied, id(2))).toEqual(["dev point source"]);
        expect(shown(copied, id(6))).toEqual(["dev point source"]);
    });

    it("hold what has not finished: a checkpoint without backups yet, a replica that has no id yet", () => {
        const holders = holdersOf("unfinished");
        expect(shown(holders, id(5))).toEqual(["dev unwaited taken"]);
        const replica = { id: id(90), checkpointId: id(91), childIds: [], isReplica: true, region: "eu-nl" };
        expect(holders.ofBackup(replica, id(13)).map(({ resource }) => resource)).toEqual(["copying"]);
        expect(holders.ofBackup(replica, id(4)).map(({ resource }) => resource)).toEqual(["running"]);
        expect(holders.ofBackup({ ...replica, region: "eu-de" }, id(4))).toEqual([]);
        expect(holders.ofBackup(replica)).toEqual([]);
    });

    it("name the projects to look at, and remember what should be there", () => {
        const holders = holdersOf("finished");
        expect(new Set(holders.places.map(({ region, projectId }) => `${region} ${projectId?.[0]}`))).toEqual(
            new Set(["eu-de d", "eu-nl e"]),
        );
        expect(holders.remembered.map((one) => [one.id, one.hold, one.region, one.shouldBeThere])).toEqual([
            [id(4), "taken", "eu-de", true],
            [id(5), "taken", "eu-de", true],
            [id(13), "copied", "eu-nl", true],
            [id(15), "copied", "eu-nl", true],
            [id(16), "copied", "eu-nl", true],
        ]);
    });
});

describe("holders", () => {
    const backup = "11111111-2222-4333-8444-555555555555";
    const entry = (outputs: object, kind = "CheckpointReplica") => ({ kind, name: "dr", id: "x", outputs });
    const read = (...entries: Parameters<typeof stateOf>[0]) =>
        new Holders([parseState(JSON.stringify(stateOf(entries)), "--state s.json")]);

    it("know the types of a native provider, too", () => {
        const holders = read({ type: "cbr:index:BackupReplica", name: "dr", outputs: { destinationBackupId: backup } });
        expect(shown(holders, backup)).toEqual(["prod dr copied"]);
    });

    it("hold a replica that state says is gone, but do not miss it", () => {
        const replications = [{ backupId: "b", destinationBackupId: backup, status: "success", gone: true }];
        const holders = read(entry({ region: "eu-de", destinationRegion: "eu-nl", replications }));
        expect(shown(holders, backup)).toEqual(["prod dr copied"]);
        expect(holders.remembered.filter((one) => one.shouldBeThere)).toEqual([]);
    });

    it("count a replica that was there before as one that should be there", () => {
        const replications = [{ backupId: "b", destinationBackupId: backup, status: "skip", adopted: true }];
        const holders = read(entry({ region: "eu-de", destinationRegion: "eu-nl", replications }));
        expect(holders.remembered).toMatchObject([{ id: backup, shouldBeThere: true }]);
    });

    it("name each resource once, with its strongest hold", () => {
        const holders = read(entry({ checkpointId: backup, destinationBackupIds: [backup] }));
        expect(shown(holders, backup)).toEqual(["prod dr copied"]);
    });

    it("say which resource a server is", () => {
        const holders = read({ type: "huaweicloud:Ecs/instance:Instance", name: "web", id: backup.toUpperCase() });
        expect(holders.managerOf(backup)).toMatchObject({ type: "huaweicloud:Ecs/instance:Instance" });
    });
});

describe("encrypted values", () => {
    const withSecret = (key: string, value: object) =>
        JSON.stringify(stateOf([{ kind: "Checkpoint", name: "before", id: "x", outputs: { [key]: value } }]));

    it("are no obstacle where they tell nothing", () => {
        const text = withSecret("description", { ...SECRET, ciphertext: "v1:abc" });
        expect(parseState(text, "--state s.json").resources).toHaveLength(2);
    });

    it("are an error where they hide which backups are held", () => {
        const text = withSecret("backupIds", { ...SECRET, ciphertext: "v1:abc" });
        expect(() => parseState(text, "--state s.json")).toThrow(
            "--state s.json: backupIds of urn:pulumi:prod::shop::pulumi-nodejs:dynamic/cbr:Checkpoint::before is encrypted: export it with `pulumi stack export --show-secrets`",
        );
    });

    it("are read when they were exported in plain", () => {
        const backup = "11111111-2222-4333-8444-555555555555";
        const text = withSecret("backupIds", { ...SECRET, plaintext: JSON.stringify([backup]) });
        expect(shown(new Holders([parseState(text, "--state s.json")]), backup)).toEqual(["prod before taken"]);
    });

    it("are decrypted by the Pulumi CLI, if and only if they have to be", async () => {
        const bin = mkdtempSync(join(tmpdir(), "cbr-"));
        const write = (name: string, value: object) =>
            writeFileSync(join(bin, name), withSecret("backupIds", { ...SECRET, ...value }));
        write("plain", { ciphertext: "v1:abc" });
        write("shown", { plaintext: "[]" });
        writeFileSync(
            join(bin, "pulumi"),
            `#!/bin/sh\necho "$*" >> ${bin}/calls\ncase "$*" in *--show-secrets*) cat ${bin}/shown;; *) cat ${bin}/plain;; esac\n`,
        );
        chmodSync(join(bin, "pulumi"), 0o755);
        const env = { PATH: `${bin}:/usr/bin:/bin` };
        await readStates({ stacks: ["prod"], files: [], env });
        expect(readFileSync(join(bin, "calls"), "utf8")).toBe(
            "stack export --non-interactive --stack prod\nstack export --show-secrets --non-interactive --stack prod\n",
        );
    });
});

it("reads an empty stack, and names operations of ours that were interrupted", () => {
    const empty = parseState(JSON.stringify({ version: 3, deployment: { manifest: {} } }), "--stack dev");
    expect([empty.stack, empty.resources]).toEqual(["dev", []]);
    const pending = [
        { kind: "Checkpoint", name: "before" },
        { type: "other:index:Thing", name: "other" },
    ];
    const state = parseState(JSON.stringify(stateOf([], { pending })), "--stack dev");
    expect(state.pending).toEqual(["urn:pulumi:prod::shop::pulumi-nodejs:dynamic/cbr:Checkpoint::before"]);
});

it.each([
    [
        { PATH: "/nowhere" },
        undefined,
        "--stack needs the Pulumi CLI, but there is no `pulumi` on PATH; use --state FILE",
    ],
    [
        undefined,
        "#!/bin/sh\necho \"error: no stack named 'dev' found\" >&2\nexit 255\n",
        "`pulumi stack export` failed: no stack named 'dev' found",
    ],
])("says in one line why there is no state", async (env, script, message) => {
    const bin = mkdtempSync(join(tmpdir(), "cbr-"));
    if (script !== undefined) {
        writeFileSync(join(bin, "pulumi"), script);
        chmodSync(join(bin, "pulumi"), 0o755);
    }
    const states = readStates({ stacks: ["dev"], files: [], env: env ?? { PATH: `${bin}:/usr/bin:/bin` } });
    await expect(states).rejects.toThrow(message);
});
