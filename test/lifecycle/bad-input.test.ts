import { expect, it } from "vitest";
import * as cbr from "../../sdk/index";
import type { Report } from "../support/stack-report";
import { classes, type Kind, type Life, messages, openLife } from "./life";

const uuid = "8b0851a8-adf3-4f4c-a914-dead08bf9664";
const mustBeUuid = "must be a UUID, e.g. 3b5816b5-f29c-4172-9d9a-76c719a659ce";

/** The errors about a resource, each without what the engine writes in front. */
function errors(report: Report): string[] {
    const lines = messages(report, "bad").split("\n");
    return lines
        .filter((line) => line.startsWith("error: "))
        .map((line) => line.replace(/^error: (.*? resource 'bad'(?:: property | has a problem: ))?/, ""))
        .map((line) => line.replace(/^(\S+) value \{.*\} has a problem: /, "$1: "))
        .sort();
}

/** Runs a program that must fail, and makes sure that nothing came of it. */
async function failing(life: Life, program: () => unknown, what: "preview" | "up" = "preview"): Promise<string[]> {
    life.use(async () => {
        program();
    });
    const report = await life[what]({ expectFailure: true });
    expect((await life.states()).size).toBe(0);
    return errors(report);
}

it("names each bad input at its property, all of them at once, in the preview", async () => {
    const life = await openLife();
    const vaultId = life.vault();
    const bad = async (kind: Kind, args: object) => failing(life, () => new classes[kind]("bad", args));

    expect(
        await bad("Checkpoint", {
            vaultid: vaultId,
            vaultId: "my-vault",
            name: "n".repeat(65),
            description: "<b>",
            incremental: "yes",
            resourceDetails: [{ id: uuid, type: "server" }],
            triggers: "v1",
            timeouts: { create: "soon" },
            onSkipped: "ignore",
            adopt: 7,
        }),
    ).toEqual([
        `adopt: ${mustBeUuid}`,
        "description: must not contain < or >",
        "incremental: Invalid input: expected boolean, received string",
        "name: must have 1 to 64 characters",
        'onSkipped: must be "warn" or "fail"',
        "resourceDetails[0].type: must be a type such as OS::Nova::Server",
        "timeouts.create: must be a duration such as 90s, 30m or 1h30m",
        "triggers: must be a map or a list",
        `vaultId: ${mustBeUuid}`,
        "vaultid: is not an input of this resource; did you mean vaultId?",
    ]);
    expect(
        await bad("Checkpoint", {
            vaultId,
            resources: [uuid, uuid],
            resourceDetails: [{ id: uuid, type: "OS::Nova::Server" }],
        }),
    ).toEqual([
        "resourceDetails: cannot be given together with resources: name the resources in one of the two",
        "resources: names a resource twice",
    ]);
    const copy = { checkpointId: uuid, destinationRegion: "eu-nl", destinationVaultId: uuid };
    expect(
        await bad("CheckpointReplica", { ...copy, adopt: [uuid, uuid.toUpperCase()], crossAccountUrn: "a vault" }),
    ).toEqual([
        "adopt: names a replica twice",
        "crossAccountUrn: must have 1 to 1500 characters, and no spaces or control characters",
    ]);
    expect(
        await bad("VaultReplication", {
            vaultId,
            region: "eu-nl",
            destinationRegion: "eu-nl",
            destinationProjectId: "x",
            wait: "no",
        }),
    ).toEqual([
        "destinationProjectId: a project id has 32 hexadecimal digits",
        "destinationRegion: is the source's own region; copies go to another one",
        "destinationVaultId: is required",
        "wait: Invalid input: expected boolean, received string",
    ]);
    expect(
        await bad("BackupReplica", {
            backupId: `${uuid}0`,
            destinationRegion: "e u",
            destinationVaultId: uuid,
            name: "a b",
            deletionPolicy: "purge",
            colour: 1,
        }),
    ).toEqual([
        `backupId: ${mustBeUuid}`,
        expect.stringMatching(
            /^colour: is not an input of this resource; it has: .*backupId, .*deletionPolicy, adopt$/,
        ),
        'deletionPolicy: must be "retain" or "delete"',
        "destinationRegion: a region name has letters, digits, '.', '_' and '-' only, e.g. eu-de",
        "name: may have letters, digits, '_' and '-' only",
    ]);
    expect(
        await bad("CheckpointReplica", {
            checkpointid: uuid,
            region: "eu-nl",
            destinationRegion: "eu-nl",
            destinationVaultId: "copies",
            onPartialFailure: "ignore",
            deletionPolicy: "purge",
            timeouts: { create: "0s", read: "1h" },
        }),
    ).toEqual([
        "checkpointId: is required",
        "checkpointid: is not an input of this resource; did you mean checkpointId?",
        'deletionPolicy: must be "retain" or "delete"',
        "destinationRegion: is the source's own region; copies go to another one",
        `destinationVaultId: ${mustBeUuid}`,
        'onPartialFailure: must be "warn" or "fail"',
        "timeouts.create: must be a duration such as 90s, 30m or 1h30m",
        "timeouts.read: is not an input of this resource; it has: create, update, delete",
    ]);
    expect(await bad("VaultSync", { autoTrigger: "no", projectId: "p" })).toEqual([
        "autoTrigger: Invalid input: expected boolean, received string",
        "projectId: a project id has 32 hexadecimal digits",
        "vaultId: is required",
    ]);
    expect(life.calls()).toEqual([]);
});

it("names the setting that is missing or wrong, in the preview where that can be known, and never its value", async () => {
    const one = () => new cbr.Checkpoint("bad", { vaultId: uuid });
    const noRegion = await openLife({
        config: { "cbr:region": undefined, "cbr:projectId": undefined, "cbr:projectName": undefined },
    });
    expect(await failing(noRegion, one)).toEqual([
        expect.stringMatching(
            /^region: No region is set: give the resource a `region`, or set cbr:region or HW_REGION_NAME/,
        ),
    ]);

    const password = await openLife({ signIn: "password", config: { "cbr:password": "not-the-password" } });
    expect(await failing(password, one)).toEqual([
        expect.stringMatching(/^Sign-in at http.* was refused.*HTTP 401.*request id .*password from cbr:password/),
    ]);
    expect(password.sim.requests.filter(({ operation }) => operation === "KeystoneCreateToken")).toHaveLength(1);

    const key = await openLife({ config: { "cbr:secretKey": "not-the-secret-key" } });
    expect(await failing(key, one)).toEqual([
        expect.stringMatching(/^ShowVault: HTTP 401 APIGW\.0301.*secret key from cbr:secretKey/),
    ]);
    // One refusal is enough: a few more would block the key.
    expect(key.calls()).toEqual(["ShowVault"]);

    const endpoints = await openLife({ config: { "cbr:endpoints": "nonsense" } });
    expect(await failing(endpoints, one)).toEqual([
        expect.stringMatching(/^cbr:endpoints is not valid JSON: it must be/),
    ]);

    const keyless = await openLife({ config: { "cbr:accessKey": undefined, "cbr:secretKey": undefined } });
    expect(await failing(keyless, one, "up")).toEqual(["Checkpoint bad: There are no credentials."]);

    // A cloud that cannot be reached is no reason to fail a preview.
    const unreachable = await openLife({
        config: { "cbr:endpoints": JSON.stringify({ "eu-de": "http://127.0.0.1:9" }), "cbr:maxRetries": "0" },
    });
    unreachable.use(async () => {
        one();
    });
    expect(messages(await unreachable.preview())).toMatch(
        /^warning: preflight: .*\(ShowVault: 127\.0\.0\.1:9: connection refused: check cbr:endpoints.*\)$/,
    );
    expect(await failing(unreachable, one, "up")).toEqual([
        "Checkpoint bad: CreateCheckpoint: 127.0.0.1:9: connection refused: check cbr:endpoints and cbr:authUrl",
    ]);
});
