/**
 * What the API's own codes mean for us (api-notes: Codes before status). Codes decide before the HTTP status does:
 * permanent errors come as 500 (1005, 9998) and passing ones as 400 (6125).
 */
import type { NotFoundObject } from "./errors";

/**
 * `busy`: another task holds the object, ask again later; `few`: may pass, a few tries; `permanent`; `throttled`;
 * `gateway`: passing trouble at the gateway, the request may have been carried out.
 */
export type CodeClass = "busy" | "retryFewTimes" | "permanent" | "throttled" | "gateway" | "reauthenticate";

interface Code {
    readonly class: CodeClass;
    readonly advice?: string;
    readonly notFound?: NotFoundObject;
}

const busy = (advice?: string): Code => ({ class: "busy", ...(advice === undefined ? {} : { advice }) });
const few = (advice?: string): Code => ({ class: "retryFewTimes", ...(advice === undefined ? {} : { advice }) });
const permanent = (advice?: string): Code => ({ class: "permanent", ...(advice === undefined ? {} : { advice }) });
const gone = (notFound: NotFoundObject, advice?: string): Code => ({
    class: "permanent",
    notFound,
    ...(advice === undefined ? {} : { advice }),
});

const noVault = "Check vaultId, region and projectId.";
const noServer = "This server cannot be backed up as it is; leave it out with `resources`.";
const noDisk = "This disk cannot be backed up as it is; leave it out with `resources`.";

const backupService: Readonly<Record<string, Code>> = {
    "0001": permanent("Nothing was left to do: look at the vault's resources and at what was skipped."),
    "0002": busy("The resources are being backed up by another task."),
    "1001": busy("The vault is being backed up by another task."),
    "1005": permanent("The destination region offers no replication: choose another destinationRegion."),
    "1006": permanent(),
    "1011": permanent("The destination project offers no replication: check destinationProjectId."),
    "2001": permanent(
        "The disk to restore to is smaller than the one that was backed up: map the backup to another disk.",
    ),
    "2002": busy("A resource is being backed up or restored."),
    "2003": permanent("This backup can be restored to the server only that it was taken of."),
    "2005": permanent("Only an `available` backup can be restored."),
    "2007": permanent("The server was deleted: make an image from the backup, and a server from the image."),
    "2008": permanent("The server's status does not allow it; look at the server."),
    "2009": permanent("Disks of this type cannot be restored to."),
    "2010": busy("A resource is being backed up or restored."),
    "2011": permanent("The disk's status does not allow it: a disk that is restored by itself must be detached first."),
    "2012": permanent("Some of the disks cannot be restored."),
    "2013": permanent("The backup of a data disk cannot be restored to a system disk."),
    "2014": permanent("The backup of a bare metal server cannot be restored to a cloud server."),
    "2015": permanent("The server has another architecture than the one that was backed up."),
    "4005": busy("The destination vault could not be checked."),
    "6000": permanent(),
    "6002": permanent(),
    "6100": permanent(),
    "6101": permanent(),
    "6102": permanent(),
    "6103": permanent(),
    "6104": permanent(),
    "6105": gone("vault", noVault),
    "6112": permanent("The vault is not in a state that allows this (frozen, locked or being deleted)."),
    "6113": permanent("The vault is not in a state that allows a backup."),
    "6114": permanent("The vault is full: enlarge it or delete backups."),
    "6115": few(),
    "6116": permanent(),
    "6118": few("Check destinationVaultId, destinationProjectId and the rights in the destination region."),
    "6119": permanent("destinationVaultId must name a vault of protect type replication."),
    "6120": permanent("Check destinationVaultId and destinationRegion."),
    "6121": few(),
    "6122": permanent("Only servers (on Huawei Cloud also SFS Turbo) can be replicated."),
    "6124": permanent("vaultId must name a vault of protect type backup."),
    "6125": busy("A backup task is running in the vault."),
    "6128": permanent("A replica, a replication vault or a vault of this kind cannot be replicated."),
    "6129": permanent("The destination vault is full: enlarge it."),
    "6130": busy("The vault is being replicated by another task."),
    "6134": busy("Resources are being removed from the vault."),
    "6135": permanent("Associate the resource with the vault first, or leave it out of `resources`."),
    "6136": permanent(),
    "6137": permanent("A shared disk can be backed up in one vault only."),
    "6142": permanent("All vaults are full: enlarge one or delete backups."),
    "6200": gone("backup"),
    "6201": busy("The backup cannot be deleted in its present status, or only together with its parent."),
    "6202": permanent("A backup can be restored only while its vault is available."),
    "6203": busy("A backup task of the resource is running."),
    "6204": permanent("An image was made from the backup: delete the image first."),
    "6206": busy(),
    "6215": permanent("The resource's status does not allow a backup."),
    "6216": busy("The backup is in use (being restored or replicated)."),
    "6217": gone("checkpoint"),
    "6220": permanent(
        "It is an automatic backup in a locked vault and cannot be deleted before it expires. " +
            '`deletionPolicy: "retain"` keeps it and lets the resource go.',
    ),
    "6300": permanent(),
    "6301": permanent(),
    "6302": permanent("A resource does not exist: check `resources`."),
    "6500": gone("operation-log"),
    "6501": gone("operation-log"),
    "6710": permanent("The backup is shared and an image was made from it: delete the image first."),
    "7000": permanent("There is no such disk: check its id, or leave the server out with `resources`."),
    "7008": permanent("Disks at a disaster recovery site cannot be restored while they are protected there."),
    "7009": busy("A disk backup is being loaded."),
    "7100": permanent("There is no such server: check its id, or leave it out with `resources`."),
    "7114": permanent("The server has another operating system than the one that was backed up."),
    "7115": permanent("The server is of another type than the one that was backed up."),
    "7117": permanent("Servers at a disaster recovery site cannot be restored while they are protected there."),
    "7300": permanent("VaultSync works on hybrid-cloud vaults only: check vaultId."),
    "7301": permanent(),
    "7302": busy("A synchronisation of the vault is running."),
    "8300": permanent("The snapshot quota is used up."),
    "8600": permanent("The account lacks real-name authentication."),
    "9900": permanent("The API refused a parameter."),
    "9910": few(),
    "9998": { class: "reauthenticate" },
};
for (const code of ["6207", "6208", "6209", "6210", "6211", "6212", "6213", "6214"])
    Object.assign(backupService, { [code]: permanent() });
for (const code of ["7001", "7002", "7003", "7004", "7006", "7007"])
    Object.assign(backupService, { [code]: permanent(noDisk) });
for (let code = 7101; code <= 7113; code++)
    // No page lists this one.
    if (code !== 7112) Object.assign(backupService, { [String(code)]: permanent(noServer) });

const gateway: Readonly<Record<string, Code>> = {
    "0101": permanent("The endpoint does not know this call: check cbr:endpoints, cbr:cloud and region."),
    "0103": permanent("The endpoint has no backend for this call: check cbr:endpoints, cbr:cloud and region."),
    "0301": { class: "reauthenticate" },
    "0307": { class: "reauthenticate" },
    "0303": {
        class: "reauthenticate",
        advice: "If you sign with an access key, check this machine's clock: it must be within 15 minutes.",
    },
    "0308": { class: "throttled" },
};
for (const code of ["0302", "0304", "0306", "0310", "0401", "0402", "0404", "0801", "0802"])
    Object.assign(gateway, {
        [code]: permanent("Check the account's rights (docs/permissions.md in the package) and projectId."),
    });
for (const code of ["0601", "0605", "0606", "0608", "0609", "0610", "0611", "0612", "0613", "0705"])
    Object.assign(gateway, { [code]: { class: "gateway" } satisfies Code });

/** Codes come from outside: `constructor` is none of ours. */
function own(table: Readonly<Record<string, Code>>, number: string): Code | undefined {
    return Object.hasOwn(table, number) ? table[number] : undefined;
}

/** The table's row for a code with its prefix, or undefined for a code that no page lists. */
export function lookUpCode(code: string): Code | undefined {
    const dot = code.lastIndexOf(".");
    const service = code.slice(0, dot);
    const number = code.slice(dot + 1);
    switch (service) {
        case "BackupService":
            return own(backupService, number);
        case "APIGW":
        case "APIG":
            return own(gateway, number);
        case "CSBS":
            if (number === "2003") return busy("The backup is being executed.");
            if (number === "3001") return gone("backup");
            return undefined;
        default:
            return undefined;
    }
}
