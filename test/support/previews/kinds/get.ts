/** `Checkpoint.get`, secrets, unknown values, explicit providers. */
import type { Kind } from "../kind";
import { empty, existing } from "../programs";

export const get: readonly Kind[] = [
    {
        name: "get-first-time",
        what: "Checkpoint.get of a restore point that no stack has",
        seed: existing,
        program: ({ cbr, config }) => cbr.Checkpoint.get("known", config.require("existing")),
    },
    {
        name: "get-with-copies",
        what: "Checkpoint.get with copies of it",
        seed: existing,
        program: ({ cbr, config, copiesVaultId }) => {
            const known = cbr.Checkpoint.get("known", config.require("existing"));
            new cbr.CheckpointReplica("cr", {
                checkpointId: known.id,
                destinationRegion: "eu-nl",
                destinationVaultId: copiesVaultId,
            });
        },
    },
    {
        name: "get-again",
        what: "Checkpoint.get in a second run",
        seed: existing,
        before: [{ up: ({ cbr, config }) => cbr.Checkpoint.get("known", config.require("existing")) }],
    },
    {
        name: "get-removed",
        what: "Checkpoint.get leaves the program: nothing is deleted",
        seed: existing,
        before: [{ up: ({ cbr, config }) => cbr.Checkpoint.get("known", config.require("existing")) }],
        program: empty,
    },
    {
        name: "managed-becomes-get",
        what: "a managed restore point becomes a Checkpoint.get of the same id",
        seed: existing,
        before: [
            {
                up: ({ cbr, config, vaultId }) =>
                    new cbr.Checkpoint("cp", { vaultId, adopt: config.require("existing"), deletionPolicy: "delete" }),
            },
        ],
        program: ({ cbr, config }) => cbr.Checkpoint.get("cp", config.require("existing")),
    },
    {
        name: "get-becomes-managed",
        what: "a Checkpoint.get becomes managed by adopt",
        seed: existing,
        before: [{ up: ({ cbr, config }) => cbr.Checkpoint.get("cp", config.require("existing")) }],
        program: ({ cbr, config, vaultId }) => new cbr.Checkpoint("cp", { vaultId, adopt: config.require("existing") }),
    },
    {
        name: "secret-outputs",
        what: "additionalSecretOutputs hides the backups",
        before: [
            {
                up: ({ cbr, vaultId }) =>
                    new cbr.Checkpoint(
                        "cp",
                        { vaultId, triggers: [1] },
                        { additionalSecretOutputs: ["backups", "backupIds", "backupIdByResource"] },
                    ),
            },
        ],
        program: ({ cbr, vaultId }) =>
            new cbr.Checkpoint(
                "cp",
                { vaultId, triggers: [2] },
                { additionalSecretOutputs: ["backups", "backupIds", "backupIdByResource"] },
            ),
    },
    {
        name: "secret-outputs-deleted",
        what: "additionalSecretOutputs on a restore point that is deleted",
        before: [
            {
                up: ({ cbr, vaultId }) =>
                    new cbr.Checkpoint(
                        "cp",
                        { vaultId, deletionPolicy: "delete" },
                        { additionalSecretOutputs: ["backups", "backupIds", "backupIdByResource"] },
                    ),
            },
        ],
        program: empty,
    },
    {
        name: "secret-policy",
        what: "a deletionPolicy that is a secret: what becomes of the backups is not in the preview",
        before: [
            {
                up: ({ cbr, pulumi, vaultId }) =>
                    new cbr.Checkpoint("cp", { vaultId, deletionPolicy: pulumi.secret("delete" as const) }),
            },
        ],
        program: empty,
    },
    {
        name: "secret-trigger",
        what: "a trigger that is a secret",
        before: [
            {
                up: ({ cbr, pulumi, vaultId }) =>
                    new cbr.Checkpoint("cp", { vaultId, triggers: { k: pulumi.secret("a") } }),
            },
        ],
        program: ({ cbr, pulumi, vaultId }) =>
            new cbr.Checkpoint("cp", { vaultId, triggers: { k: pulumi.secret("b") } }),
    },
    {
        name: "secret-vault",
        what: "a vault id that is a secret",
        program: ({ cbr, pulumi, vaultId }) => new cbr.Checkpoint("cp", { vaultId: pulumi.secret(vaultId) }),
    },
    {
        name: "secret-copies",
        what: "copies whose ids are secret",
        before: [
            {
                up: ({ cbr, vaultId, copiesVaultId }) => {
                    const cp = new cbr.Checkpoint("cp", { vaultId });
                    new cbr.CheckpointReplica(
                        "cr",
                        {
                            checkpointId: cp.id,
                            destinationRegion: "eu-nl",
                            destinationVaultId: copiesVaultId,
                            deletionPolicy: "delete",
                        },
                        { additionalSecretOutputs: ["destinationBackupIds", "replications", "destinationRegion"] },
                    );
                },
            },
        ],
        program: empty,
    },
    {
        name: "unknown-everything",
        what: "vault and resources are known only after up",
        program: ({ cbr, Server }) => {
            const db = new Server("db", { flavor: "s" });
            new cbr.Checkpoint("cp", { vaultId: db.id, resources: [db.id] });
        },
        after: "nothing",
    },
    {
        name: "explicit-provider",
        what: "an explicit provider for another region",
        before: [
            {
                up: ({ cbr, config, pulumi, vaultId, web }) => {
                    const cbrConfig = new pulumi.Config("cbr");
                    const provider = new cbr.Provider("de", {
                        region: "eu-de",
                        accessKey: cbrConfig.require("accessKey"),
                        secretKey: cbrConfig.requireSecret("secretKey"),
                        endpoints: JSON.parse(cbrConfig.require("endpoints")),
                        cloud: "huaweicloud",
                        authUrl: cbrConfig.get("authUrl") as string,
                    });
                    void config;
                    new cbr.Checkpoint("cp", { vaultId, resources: [web] }, { provider });
                },
            },
        ],
        program: ({ cbr, pulumi, vaultId, web, db }) => {
            const cbrConfig = new pulumi.Config("cbr");
            const provider = new cbr.Provider("de", {
                region: "eu-de",
                accessKey: cbrConfig.require("accessKey"),
                secretKey: cbrConfig.requireSecret("secretKey"),
                endpoints: JSON.parse(cbrConfig.require("endpoints")),
                cloud: "huaweicloud",
                maxRetries: 5,
                authUrl: cbrConfig.get("authUrl") as string,
            });
            new cbr.Checkpoint("cp", { vaultId, resources: [web, db] }, { provider });
        },
    },
    {
        name: "get-of-what-is-deleted",
        what: "a restore point leaves the program and is deleted while another resource reads it with Checkpoint.get",
        seed: existing,
        before: [
            {
                up: ({ cbr, config, vaultId }) =>
                    new cbr.Checkpoint("cp", { vaultId, adopt: config.require("existing"), deletionPolicy: "delete" }),
            },
        ],
        program: ({ cbr, config }) => cbr.Checkpoint.get("known", config.require("existing")),
    },
    {
        name: "managed-becomes-get-of-another",
        what: "a managed restore point becomes a Checkpoint.get of another id",
        seed: existing,
        before: [{ up: ({ cbr, vaultId }) => new cbr.Checkpoint("cp", { vaultId, deletionPolicy: "delete" }) }],
        program: ({ cbr, config }) => cbr.Checkpoint.get("cp", config.require("existing")),
    },
    {
        name: "secret-destination",
        what: "copies go to a region that is a secret",
        before: [{ up: ({ cbr, vaultId }) => new cbr.Checkpoint("cp", { vaultId }) }],
        program: ({ cbr, pulumi, vaultId, copiesVaultId }) => {
            const cp = new cbr.Checkpoint("cp", { vaultId });
            new cbr.CheckpointReplica("cr", {
                checkpointId: cp.id,
                destinationRegion: pulumi.secret("eu-nl"),
                destinationVaultId: pulumi.secret(copiesVaultId),
            });
        },
    },
    {
        name: "explicit-provider-gone",
        what: "an explicit provider and its restore point leave the program",
        before: [
            {
                up: ({ cbr, pulumi, vaultId, web }) => {
                    const settings = new pulumi.Config("cbr");
                    const provider = new cbr.Provider("de", {
                        region: "eu-de",
                        accessKey: settings.require("accessKey"),
                        secretKey: settings.requireSecret("secretKey"),
                        endpoints: JSON.parse(settings.require("endpoints")),
                        cloud: "huaweicloud",
                        authUrl: settings.get("authUrl") as string,
                    });
                    new cbr.Checkpoint("cp", { vaultId, resources: [web] }, { provider });
                },
            },
        ],
        program: empty,
    },
];
