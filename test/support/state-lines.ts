/**
 * The code in state, by kind of resource: a contract with every state out there. A new resource adds a line, and no line
 * ever changes within a major version.
 */
export const providerLines: Readonly<Record<string, string>> = {
    Checkpoint: 'exports.handler = () => require("pulumi-cbr/provider").checkpoint',
    VaultReplication: 'exports.handler = () => require("pulumi-cbr/provider").vaultReplication',
    BackupReplica: 'exports.handler = () => require("pulumi-cbr/provider").backupReplica',
    VaultSync: 'exports.handler = () => require("pulumi-cbr/provider").vaultSync',
    CheckpointReplica: 'exports.handler = () => require("pulumi-cbr/provider").checkpointReplica',
};

/** The names that these lines ask `pulumi-cbr/provider` for. */
export const handlerNames: readonly string[] = Object.values(providerLines).map((line) =>
    line.slice(line.lastIndexOf(".") + 1),
);
