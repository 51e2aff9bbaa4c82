/** What a person types to import a resource: its id, and where it is. */
import { ConfigError } from "../client/errors/errors";
import { destinationRegion, objectId } from "./resource";

const isObjectId = (text: string | undefined): text is string => objectId.safeParse(text).success;
const isRegion = (text: string | undefined): text is string => destinationRegion.safeParse(text).success;

/** `<id>`, or `<region>/<id>` where it is not in the configured region. `kind` is the class's name, for the message. */
export function parseRegionalId(kind: string, text: string): { id: string; inputs: { region?: string } } {
    const [id, region, ...rest] = text.split("/").reverse();
    if (!isObjectId(id) || rest.length > 0 || (region !== undefined && !isRegion(region)))
        throw new ConfigError(`${text} is no import id of a ${kind}, which is <id> or <region>/<id>`);
    return { id, inputs: region === undefined ? {} : { region } };
}

/**
 * `<backup id>/<destination region>/<destination vault id>/<replication record id>`: a record is found through the rest
 * only.
 */
export function parseReplicaId(text: string): {
    id: string;
    inputs: { backupId: string; destinationRegion: string; destinationVaultId: string };
} {
    const [backupId, region, destinationVaultId, ...rest] = text.split("/");
    if (!isObjectId(backupId) || !isRegion(region) || !isObjectId(destinationVaultId) || rest.join("/") === "")
        throw new ConfigError(
            `${text} is no import id of a BackupReplica, which is ` +
                "<backup id>/<destination region>/<destination vault id>/<replication record id>",
        );
    return { id: rest.join("/"), inputs: { backupId, destinationRegion: region, destinationVaultId } };
}
