/** Programs and values that several kinds use. */
import { type Cloud, given, type Program } from "./kind";

/** One restore point. */
export const one: Program = ({ cbr, vaultId }) => new cbr.Checkpoint("cp", { vaultId, triggers: { release: "1" } });

/** The same for the next release. */
export const two: Program = ({ cbr, vaultId }) => new cbr.Checkpoint("cp", { vaultId, triggers: { release: "2" } });

/** Nothing. */
export const empty: Program = () => {};

/** Two restore points. */
export const pair: Program = ({ cbr, vaultId, web, db }) => {
    new cbr.Checkpoint("web", { vaultId, resources: [web], triggers: [1] });
    new cbr.Checkpoint("db", { vaultId, resources: [db], triggers: [1] });
};

/** The same for the next release. */
export const pairAgain: Program = ({ cbr, vaultId, web, db }) => {
    new cbr.Checkpoint("web", { vaultId, resources: [web], triggers: [2] });
    new cbr.Checkpoint("db", { vaultId, resources: [db], triggers: [2] });
};

/** A restore point and copies of it in two regions. */
export const copied: Program = ({ cbr, vaultId, copiesVaultId, archiveVaultId, web }) => {
    const cp = new cbr.Checkpoint("cp", { vaultId, triggers: { release: "1" } });
    const to = { destinationRegion: "eu-nl", destinationVaultId: copiesVaultId };
    new cbr.CheckpointReplica("cr", { checkpointId: cp.id, ...to });
    const backupId = cp.backupIdByResource.apply((ids) => ids[web] ?? "");
    new cbr.BackupReplica("br", {
        backupId,
        destinationRegion: "eu-ch2",
        destinationVaultId: archiveVaultId,
        deletionPolicy: "delete",
    });
};

/** A restore point that is deleted when it goes, and copies that stay. */
export const deletes: Program = ({ cbr, vaultId, web, copiesVaultId }) => {
    const cp = new cbr.Checkpoint("cp", { vaultId, resources: [web], deletionPolicy: "delete" });
    new cbr.CheckpointReplica("cr", {
        checkpointId: cp.id,
        destinationRegion: "eu-nl",
        destinationVaultId: copiesVaultId,
    });
};

/** A restore point that no stack has. */
export const existing = (cloud: Cloud) => ({ existing: cloud.regions["eu-de"].cloud.addCheckpoint(given.vaultId).id });

/** URN of a resource at the root. */
export const urn = (name: string, kind = "Checkpoint") =>
    `urn:pulumi:dev::shop::pulumi-nodejs:dynamic/cbr:${kind}::${name}`;

/** Events instead of one document. */
export const STREAM = { PULUMI_ENABLE_STREAMING_JSON_PREVIEW: "1" };
