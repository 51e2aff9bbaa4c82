import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import * as cbr from "../sdk/index";
import { type Simulator, startSimulator } from "../sdk/testing/index";
import { messages, openWorld, ops, Thing } from "./engine-selftest/cloud";
import type { Report } from "./support/stack-report";

interface Registered {
    readonly type: string;
    readonly name: string;
    readonly inputs: Record<string, unknown>;
}

const registered: Registered[] = [];
const vaultId = "3b5816b5-f29c-4172-9d9a-76c719a659ce";
const elsewhere = "0b5816b5-f29c-4172-9d9a-76c719a659ce";
const checkpointType = "pulumi-nodejs:dynamic/cbr:Checkpoint";
const replicaType = "pulumi-nodejs:dynamic/cbr:CheckpointReplica";

beforeAll(async () => {
    await pulumi.runtime.setMocks({
        newResource: ({ type, name, inputs }) => {
            registered.push({ type, name, inputs });
            if (type === checkpointType)
                return { id: "cp-1", state: { ...inputs, checkpointId: "cp-1", backupIds: ["b-1", "b-2"] } };
            if (type === replicaType)
                return { id: `${name}-id`, state: { ...inputs, destinationBackupIds: [`${name}-1`] } };
            return { id: `${name}-id`, state: inputs };
        },
        call: ({ inputs }) => inputs,
    });
});
beforeEach(() => {
    registered.length = 0;
});

const value = <T>(output: pulumi.Output<T>): Promise<T> => new Promise((resolve) => output.apply(resolve));
const inputsOf = (name: string): Record<string, unknown> | undefined => {
    const { __provider: _, __urn: __, ...inputs } = registered.find((one) => one.name === name)?.inputs ?? {};
    return inputs;
};

it("takes a restore point and copies it to each place", async () => {
    const point = new cbr.ReplicatedCheckpoint("release", {
        vaultId,
        triggers: { version: "1.2.3" },
        copies: [
            { region: "eu-nl", vaultId: elsewhere },
            {
                name: "far",
                region: pulumi.output("ap-south"),
                vaultId: pulumi.output(elsewhere),
                projectId: "a".repeat(32),
            },
        ],
    });
    expect(await value(point.checkpointId)).toBe("cp-1");
    expect(await value(point.backupIds)).toEqual(["b-1", "b-2"]);
    expect(await value(point.destinationBackupIds)).toEqual({
        "eu-nl": ["release-eu-nl-1"],
        "ap-south": ["release-far-1"],
    });
    expect(point.copies).toHaveLength(2);
    expect(registered.map((one) => one.type)).toEqual([
        "cbr:index:ReplicatedCheckpoint",
        checkpointType,
        replicaType,
        replicaType,
    ]);
    expect(inputsOf("release-eu-nl")).toEqual({
        checkpointId: "cp-1",
        destinationRegion: "eu-nl",
        destinationVaultId: elsewhere,
    });
    expect(inputsOf("release-far")).toMatchObject({
        destinationRegion: "ap-south",
        destinationProjectId: "a".repeat(32),
    });
});

it("is the parent of its children, which have a name of their own each", async () => {
    const point = new cbr.ReplicatedCheckpoint("release", {
        vaultId,
        copies: [{ region: "eu-nl", vaultId: elsewhere }],
    });
    const parent = await value(point.urn);
    expect(parent).toContain("::cbr:index:ReplicatedCheckpoint::release");
    expect(await value(point.checkpoint.urn)).toContain(`cbr:index:ReplicatedCheckpoint$${checkpointType}::release`);
    expect(await value(point.copies[0]?.urn ?? pulumi.output(""))).toContain(
        `cbr:index:ReplicatedCheckpoint$${replicaType}::release-eu-nl`,
    );
});

it("hands on to the copies what holds for them, too", async () => {
    const point = new cbr.ReplicatedCheckpoint(
        "release",
        {
            vaultId,
            region: "eu-de",
            projectId: "b".repeat(32),
            wait: false,
            deletionPolicy: "delete",
            onPartialFailure: "warn",
            onSkipped: "fail",
            copies: [
                { region: "eu-nl", vaultId: elsewhere },
                { region: "eu-ch", vaultId: elsewhere, deletionPolicy: "retain", timeouts: { create: "9h" } },
            ],
        },
        { customTimeouts: { create: "2h" } },
    );
    await value(point.destinationBackupIds);
    const shared = { region: "eu-de", projectId: "b".repeat(32), wait: false, onPartialFailure: "warn" };
    expect(inputsOf("release-eu-nl")).toMatchObject({
        ...shared,
        deletionPolicy: "delete",
        timeouts: { create: "2h" },
    });
    expect(inputsOf("release-eu-ch")).toMatchObject({
        ...shared,
        deletionPolicy: "retain",
        timeouts: { create: "9h" },
    });
    expect(inputsOf("release-eu-nl")).not.toHaveProperty("onSkipped");
    const point2 = registered.find((one) => one.type === checkpointType);
    expect(point2?.inputs).toMatchObject({ vaultId, onSkipped: "fail", timeouts: { create: "2h" } });
    expect(point2?.inputs).not.toHaveProperty("copies");
});

it("gathers the replicas of two copies into one region, and wants them named", async () => {
    const copies = [
        { region: "eu-nl", vaultId: elsewhere },
        { region: "eu-nl", vaultId },
    ];
    expect(() => new cbr.ReplicatedCheckpoint("twice", { vaultId, copies })).toThrow(
        "ReplicatedCheckpoint twice: two copies are named eu-nl: give copies[1] another name.",
    );
    const named = copies.map((copy, index) => ({ ...copy, name: `nl${index}` }));
    const point = new cbr.ReplicatedCheckpoint("named", { vaultId, copies: named });
    expect(await value(point.destinationBackupIds)).toEqual({ "eu-nl": ["named-nl0-1", "named-nl1-1"] });
    const unnamed = [{ region: pulumi.output("eu-nl"), vaultId }];
    expect(() => new cbr.ReplicatedCheckpoint("unnamed", { vaultId, copies: unnamed })).toThrow(
        "ReplicatedCheckpoint unnamed: copies[0] needs a name, because its region is no plain string.",
    );
});

it("is told from other resources, as are its parts", async () => {
    const point = new cbr.ReplicatedCheckpoint("release", {
        vaultId,
        copies: [{ region: "eu-nl", vaultId: elsewhere }],
    });
    expect(cbr.ReplicatedCheckpoint.isInstance(point)).toBe(true);
    expect(cbr.ReplicatedCheckpoint.isInstance(point.checkpoint)).toBe(false);
    expect(cbr.CheckpointReplica.isInstance(point.copies[0])).toBe(true);
    expect(cbr.CheckpointReplica.isInstance(point.checkpoint)).toBe(false);
    const line = registered.find((one) => one.type === replicaType)?.inputs["__provider"];
    await value(point.destinationBackupIds);
    expect(line ?? registered.find((one) => one.type === replicaType)?.inputs["__provider"]).toBe(
        'exports.handler = () => require("pulumi-cbr/provider").checkpointReplica',
    );
});

describe("checkpointBefore, on an engine", () => {
    let home: string;
    beforeAll(() => {
        home = mkdtempSync(join(tmpdir(), "pulumi-cbr-home-"));
    });
    afterAll(() => rmSync(home, { recursive: true, force: true }));

    async function open() {
        const sim = await startSimulator({ backupMs: 50 });
        onTestFinished(() => sim.close());
        const vault = sim.regions["eu-de"].cloud.addVault();
        const { config } = sim.settings({ signIn: "password" });
        let program: () => Promise<void> = async () => {};
        const { password = "", ...plain } = Object.fromEntries(
            Object.entries(config).map(([key, text]) => [key.slice(4), text]),
        );
        const opened = await openWorld(() => program(), {
            config: {
                ...Object.fromEntries(Object.entries(plain).map(([key, text]) => [`cbr:${key}`, text])),
                "cbr:password": { value: password, secret: true },
            },
        });
        // Where the program keeps note of what it sends.
        process.env["PULUMI_HOME"] = home;
        onTestFinished(() => {
            delete process.env["PULUMI_HOME"];
        });
        const run = (next: () => Promise<void>) => {
            program = next;
        };
        return { ...opened, sim, vaultId: vault.id, run };
    }
    const names = (sim: Simulator) => sim.regions["eu-de"].cloud.snapshot().checkpoints.map((one) => one.name);

    it("takes a restore point before an update and before a deletion, and says so in previews", async () => {
        const { stack, sim, vaultId: id, run } = await open();
        let size = 1;
        run(async () => {
            new Thing("db", { name: "db", size }, { hooks: cbr.checkpointBefore({ name: "guard", vaultId: id }) });
        });
        await stack.up();
        expect(names(sim)).toEqual([]);
        size = 2;
        const said = (report: Report, action: string) =>
            report.steps.flatMap(({ name, op, diagnostics }) => (name === "db" && op === action ? diagnostics : []));
        const words = (what: string) => [
            `info: guard: a restore point of vault ${id} is taken first; db is ${what} only if it is good`,
        ];
        expect(said(await stack.preview(), "update")).toEqual(words("changed"));
        expect(said(await stack.previewDestroy({ runProgram: true }), "delete")).toEqual(words("deleted"));
        expect(names(sim)).toEqual([]);
        const report = await stack.up();
        expect(ops(report)).toEqual(["update db"]);
        expect(names(sim)).toEqual([expect.stringMatching(/^guard-[0-9a-f]{8}$/)]);
        expect(messages(report)).toMatch(/guard: restore point .* is good \(1 backup\); db may be changed/);
        const gone = await stack.destroy({ runProgram: true });
        expect(ops(gone)).toContain("delete db");
        expect(said(gone, "delete")).toEqual([expect.stringMatching(/is good \(1 backup\); db may be deleted$/)]);
        expect(names(sim)).toHaveLength(2);
    });

    it("lets nothing happen when the restore point is not good", async () => {
        const { stack, cloud, sim, vaultId: id, run } = await open();
        let size = 1;
        run(async () => {
            const hooks = cbr.checkpointBefore({ vaultId: id, on: ["update"] });
            new Thing("db", { name: "db", size }, { hooks });
            // The same arguments: the same hook.
            new Thing("other", { name: "other" }, { hooks: cbr.checkpointBefore({ vaultId: id, on: ["update"] }) });
        });
        await stack.up();
        cloud.calls();
        size = 2;
        sim.fail({
            operation: "CreateCheckpoint",
            effect: { kind: "backup-error", code: "BackupService.7103", message: "no agent" },
        });
        const failed = await stack.up({ expectFailure: true });
        expect(messages(failed)).toMatch(
            new RegExp(
                `checkpoint-before-${id}: db is not changed, because there is no good restore point: .*7103: no agent`,
            ),
        );
        expect(cloud.changes()).toEqual([]);
        expect(ops(await stack.up())).toEqual(["update db"]);
        expect(names(sim)).toHaveLength(2);
    });

    it("wants a name where none can be made up, and one name for one thing", async () => {
        const { stack, vaultId: id, run } = await open();
        run(async () => {
            cbr.checkpointBefore({ vaultId: pulumi.output(id) });
        });
        expect(messages(await stack.preview({ expectFailure: true }))).toContain(
            "needs a `name`, because vaultId is no plain string",
        );
        run(async () => {
            cbr.checkpointBefore({ name: "guard", vaultId: id });
            cbr.checkpointBefore({ name: "guard", vaultId: elsewhere });
        });
        expect(messages(await stack.preview({ expectFailure: true }))).toContain(
            "two hooks with different arguments are named guard",
        );
    });
});
