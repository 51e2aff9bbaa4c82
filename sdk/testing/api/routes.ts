import {
    checkAgent as checkAgentOperation,
    copyBackup as copyBackupOperation,
    copyCheckpoint as copyCheckpointOperation,
    createCheckpoint as createCheckpointOperation,
    deleteBackup as deleteBackupOperation,
    importCheckpoint as importCheckpointOperation,
    listBackups as listBackupsOperation,
    listOpLogs as listOpLogsOperation,
    listProtectable as listProtectableOperation,
    listVaults as listVaultsOperation,
    restoreBackup as restoreBackupOperation,
    showBackup as showBackupOperation,
    showCheckpoint as showCheckpointOperation,
    showOpLog as showOpLogOperation,
    showProtectable as showProtectableOperation,
    showReplicationCapabilities as showReplicationCapabilitiesOperation,
    showVault as showVaultOperation,
    updateBackup as updateBackupOperation,
} from "../../../provider/client/operations/index";
import { createTemporaryKey, createToken, type IamCall, listDomains, listProjects, showCatalog } from "../iam/iam";
import { createMetadataToken, createTokenWithIdToken, showSecurityKey } from "../iam/machines";
import type { Call } from "../simulation";
import { deleteBackup, listBackups, showBackup, updateBackup } from "./backups";
import { createCheckpoint, showCheckpoint } from "./checkpoints";
import { listOpLogs, showOpLog } from "./operation-logs";
import { checkAgent, listProtectable, showProtectable } from "./protectables";
import { copyBackup, copyCheckpoint } from "./replication";
import type { Reply } from "./reply";
import { restoreBackup } from "./restores";
import { importCheckpoint } from "./sync";
import { listVaults, showReplicationCapabilities, showVault } from "./vaults";

/** What the routes need to know of an operation of the client. */
interface Described {
    readonly id: string;
    readonly method: string;
    readonly path: string;
    readonly request: unknown;
    readonly response:
        | { safeParse(value: unknown): { success: boolean; error?: { message: string } | undefined } }
        | undefined;
}

/** One method of one path, and what answers it. */
export interface Route<C> {
    readonly operation: string;
    readonly method: string;
    readonly segments: readonly string[];
    readonly handle: (call: C) => Reply;
    /** Absent from Open Telekom Cloud. */
    readonly huaweiOnly: boolean;
    /** Whether the page lists query parameters. */
    readonly takesQuery: boolean;
    /** Whether the client sends a body. */
    readonly takesBody: boolean;
    /** Schema that the client reads the answer with. */
    readonly response: Described["response"];
}

function cbrRoute(
    operation: Described,
    handle: (call: Call) => Reply,
    { huaweiOnly = false, takesQuery = false } = {},
): Route<Call> {
    const { id, method, path, request, response } = operation;
    return {
        operation: id,
        method,
        segments: path.split("/").slice(1),
        handle,
        huaweiOnly,
        takesQuery,
        takesBody: request !== undefined,
        response,
    };
}

/** CBR's routes: method and path are those of the client's operations. */
export const cbrRoutes: readonly Route<Call>[] = [
    cbrRoute(createCheckpointOperation, createCheckpoint),
    cbrRoute(copyCheckpointOperation, copyCheckpoint),
    cbrRoute(importCheckpointOperation, importCheckpoint, { huaweiOnly: true }),
    cbrRoute(showCheckpointOperation, showCheckpoint),
    cbrRoute(listBackupsOperation, listBackups, { takesQuery: true }),
    cbrRoute(showBackupOperation, showBackup),
    cbrRoute(deleteBackupOperation, deleteBackup),
    cbrRoute(updateBackupOperation, updateBackup, { huaweiOnly: true }),
    cbrRoute(copyBackupOperation, copyBackup),
    cbrRoute(restoreBackupOperation, restoreBackup),
    cbrRoute(listOpLogsOperation, listOpLogs, { takesQuery: true }),
    cbrRoute(showOpLogOperation, showOpLog),
    cbrRoute(listVaultsOperation, listVaults, { takesQuery: true }),
    cbrRoute(showVaultOperation, showVault),
    cbrRoute(listProtectableOperation, listProtectable, { huaweiOnly: true, takesQuery: true }),
    cbrRoute(showProtectableOperation, showProtectable, { huaweiOnly: true }),
    cbrRoute(checkAgentOperation, checkAgent, { huaweiOnly: true }),
    cbrRoute(showReplicationCapabilitiesOperation, showReplicationCapabilities),
];

function iamRoute(operation: string, method: string, path: string, handle: (call: IamCall) => Reply): Route<IamCall> {
    return {
        operation,
        method,
        segments: path.split("/").slice(1),
        handle,
        huaweiOnly: false,
        takesQuery: true,
        takesBody: method === "POST",
        response: undefined,
    };
}

/** IAM's routes. Their operation ids are the vendor's, shortened where one path has several. */
export const iamRoutes: readonly Route<IamCall>[] = [
    iamRoute("KeystoneCreateToken", "POST", "/v3/auth/tokens", createToken),
    iamRoute("KeystoneListProjects", "GET", "/v3/projects", listProjects),
    iamRoute("KeystoneListAuthDomains", "GET", "/v3/auth/domains", listDomains),
    iamRoute("KeystoneShowCatalog", "GET", "/v3/auth/catalog", showCatalog),
    iamRoute("CreateTemporaryAccessKey", "POST", "/v3.0/OS-CREDENTIAL/securitytokens", createTemporaryKey),
    iamRoute("CreateTokenWithIdToken", "POST", "/v3.0/OS-AUTH/id-token/tokens", createTokenWithIdToken),
    iamRoute("CreateMetadataToken", "PUT", "/meta-data/latest/api/token", createMetadataToken),
    iamRoute("ShowSecurityKey", "GET", "/openstack/latest/securitykey", showSecurityKey),
];

/**
 * A route with its path parameters; "method" when the path exists for other methods only; "none" when it does not
 * exist.
 */
export type Match<C> =
    | { readonly route: Route<C>; readonly params: Readonly<Record<string, string>> }
    | "method"
    | "none";

/** Finds the route of a path. A literal segment beats a parameter: `/checkpoints/sync` is never a checkpoint's id. */
export function matchRoute<C>(
    routes: readonly Route<C>[],
    method: string,
    segments: readonly string[],
    otc: boolean,
): Match<C> {
    const fits = routes
        .filter((route) => route.segments.length === segments.length)
        .filter((route) =>
            route.segments.every((segment, index) => segment.startsWith("{") || segment === segments[index]),
        );
    const literal = fits.filter((route) => route.segments.every((segment) => !segment.startsWith("{")));
    const candidates = (literal.length > 0 ? literal : fits).filter((route) => !(otc && route.huaweiOnly));
    if (candidates.length === 0) return "none";
    const route = candidates.find((each) => each.method === method);
    if (route === undefined) return "method";
    const params: Record<string, string> = {};
    route.segments.forEach((segment, index) => {
        if (segment.startsWith("{")) params[segment.slice(1, -1)] = segments[index] ?? "";
    });
    return { route, params };
}
