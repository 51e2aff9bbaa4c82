/**
 * What the API's reads can tell in a preview: a definite no becomes a failure at its property, in the pull
 * request instead of at midnight. Everything else (no rights, no network, no answer in time) lets the preview pass,
 * with one warning for the whole process. Answers are kept, so a thousand resources of ten vaults cost ten reads.
 */
import type { ProjectRef } from "../client/client";
import { ApiError, AuthError, ConfigError, messageOf, NotFoundError } from "../client/errors/errors";
import {
    type Operation,
    showReplicationCapabilities,
    showVault,
    type WireBackup,
    type WireVault,
} from "../client/operations";
import { iamBaseUrl } from "../client/settings/endpoints";
import { type AskedCheckpoint, backupsOfCheckpoint } from "../reads/checkpoint-lists";
import { sharedVault } from "../reads/shared-reads";
import { type Context, targetOf as projectOf, type Services } from "../services/context";
import { PendingHosts } from "./pending-hosts";
import type { CommonInputs, Failure } from "./resource";

/**
 * A preview waits no longer than this for the looks of a resource, in milliseconds; once it had to, it looks no more.
 */
export const PREFLIGHT_BUDGET_MS = 10_000;
/** One look may take this long, in milliseconds. */
const LOOK_MS = PREFLIGHT_BUDGET_MS / 2;
/**
 * In `up` other resources change vaults meanwhile: a no is asked for again when what it rests on is older than this, in
 * milliseconds.
 */
const FRESH_MS = 1_000;

/** There is none, for certain. Apart from undefined, which is: nobody could say. */
export type Found<T> = T | null | undefined;

/** What a process has asked and heard, whoever asked first. */
export class PreflightReads {
    readonly #answers = new Map<string, { readonly at: number; readonly answer: Promise<unknown> }>();
    /** Why a region could not be asked: nobody else tries. */
    readonly unreachable = new Map<string, unknown>();
    readonly pending = new PendingHosts();
    /** Nothing that was heard before this counts any more. */
    notBefore = Number.NEGATIVE_INFINITY;
    /** The budget was used up once. */
    gaveUp = false;
    warned = false;
    /** Lines of resources, each with its URN. */
    readonly said = new Set<string>();

    once<T>(key: string, now: number, look: () => Promise<T>): Promise<T> {
        const known = this.#answers.get(key);
        if (known !== undefined) return known.answer as Promise<T>;
        const answer = look();
        this.#answers.set(key, { at: now, answer });
        answer.catch(() => {});
        return answer;
    }

    forgetBefore(time: number): void {
        this.notBefore = Math.max(this.notBefore, time);
        for (const [key, { at }] of this.#answers) if (at < time) this.#answers.delete(key);
    }
}

export function looks({ memory }: Services): PreflightReads {
    memory.preflight ??= new PreflightReads();
    return memory.preflight;
}

/** The one line that says what a preview could not know. */
export function note(context: Context, why: string, what = "did not say"): void {
    const own = looks(context);
    if (own.warned) return;
    own.warned = true;
    context.log.warn(`preflight: the cloud ${what} whether this can work (${why})`);
}

/** A line at the resource's row, once however often it is checked. */
function sayOnce(context: Context, severity: "warn" | "info", text: string): void {
    const { said } = looks(context);
    const key = `${context.urn} ${text}`;
    if (!said.has(key)) context.log[severity](text);
    said.add(key);
}

export const warnOnce = (context: Context, text: string): void => sayOnce(context, "warn", text);
export const infoOnce = (context: Context, text: string): void => sayOnce(context, "info", text);

/** The project of these inputs; IAM may have to be asked for its id. */
export function targetOf(context: Context, inputs: Pick<CommonInputs, "region" | "projectId">): Promise<ProjectRef> {
    const region = inputs.region ?? context.settings.region?.value ?? "";
    return looks(context).pending.during(
        () => iamBaseUrl(context.settings, region),
        () => projectOf(context, inputs),
    );
}

/**
 * `up` would fail with the same words: a setting that makes no sense, a key that is refused. Not so when IAM would not
 * say: `up` may have other rights.
 */
export function isDefinite(error: unknown): boolean {
    if (error instanceof ConfigError) return !(error.cause instanceof ApiError);
    return error instanceof AuthError && error.status === 401;
}

/** Runs looks that may fail in any way; only their definite answers count. */
export async function look(context: Context, run: () => Promise<Failure[]>): Promise<Failure[]> {
    const { settings, clock } = context;
    if (settings.preflight === "off") return [];
    if (settings.credentials === undefined) {
        const halves = settings.incomplete.join("; ");
        const why = halves === "" ? "no credentials are set" : `the credentials are incomplete: ${halves}`;
        note(context, why, "was not asked");
        return [];
    }
    const own = looks(context);
    if (own.gaveUp) return [];
    const timer = new AbortController();
    const late = clock.sleep(PREFLIGHT_BUDGET_MS, timer.signal).then(() => {
        own.gaveUp = true;
        throw new Error(`no answer${own.pending} in time`);
    });
    late.catch(() => {});
    const twice = async () => {
        const failures = await run();
        if (failures.length === 0) return failures;
        own.forgetBefore(clock.now() - FRESH_MS);
        return run();
    };
    try {
        return await Promise.race([twice(), late]);
    } catch (error) {
        if (isDefinite(error)) return [{ property: "", reason: messageOf(error) }];
        note(context, messageOf(error));
        return [];
    } finally {
        timer.abort(new Error("answered"));
    }
}

/** One read, shared by all who want to know. null: the API says that there is no such object. */
export async function find<Req, Res>(
    context: Context,
    operation: Operation<Req, Res>,
    { target, path = {} }: { readonly target: ProjectRef; readonly path?: Readonly<Record<string, string>> },
    shared?: () => Promise<Res | undefined>,
): Promise<Found<Res>> {
    const own = looks(context);
    const { region, projectId } = target;
    const key = [operation.id, region, projectId, ...Object.values(path)].join(" ");
    const now = context.clock.now();
    try {
        return await own.once(key, now, async () => {
            if (own.unreachable.has(region)) throw own.unreachable.get(region);
            const listed = await shared?.();
            if (listed !== undefined) return listed;
            try {
                const call = () => context.client.call(operation, { target, path, deadline: now + LOOK_MS });
                return await own.pending.during(() => context.client.baseUrl(region), call);
            } catch (error) {
                if (error instanceof NotFoundError) return null;
                if (!isAnswer(error)) own.unreachable.set(region, error);
                throw error;
            }
        });
    } catch (error) {
        if (isDefinite(error)) throw error;
        // Vendor: not every cloud has this call, or gives the right to it; copies work nevertheless.
        const optional = operation.id === showReplicationCapabilities.id && isAnswer(error);
        if (!optional) note(context, messageOf(error));
        return undefined;
    }
}

/** The backups of a restore point, as {@link find}; undefined: nobody could say. */
export async function backupsOf(
    context: Context,
    target: ProjectRef,
    asked: AskedCheckpoint,
): Promise<WireBackup[] | undefined> {
    const { region, projectId } = target;
    const now = context.clock.now();
    const own = looks(context);
    const list = () => backupsOfCheckpoint(context, target, asked, { until: now + LOOK_MS });
    const what = asked.withRecords === true ? "backups with records" : "backups";
    const key = `${what} ${region} ${projectId} ${asked.checkpointId}`;
    try {
        return await own.once(key, now, () => own.pending.during(() => context.client.baseUrl(region), list));
    } catch (error) {
        if (isDefinite(error)) throw error;
        note(context, messageOf(error));
        return undefined;
    }
}

/** The region has answered, if only that it will not say: another question may still do better. */
function isAnswer(error: unknown): boolean {
    const status =
        error instanceof ApiError ? error.failure.status : error instanceof AuthError ? error.status : undefined;
    return status !== undefined && status >= 400 && status < 500 && status !== 408 && status !== 429;
}

/** Any other read, shared by all who name the same key; it ends before `until`. */
export function askOnce<T>(context: Context, key: string, ask: (until: number) => Promise<T>): Promise<T> {
    const now = context.clock.now();
    return looks(context).once(key, now, () => ask(now + LOOK_MS));
}

export async function vaultOf(context: Context, target: ProjectRef, vaultId: string): Promise<Found<WireVault>> {
    const answer = await find(context, showVault, { target, path: { vault_id: vaultId } }, async () => {
        const vault = await sharedVault(context, target, vaultId, looks(context).notBefore);
        return vault === undefined ? undefined : { vault };
    });
    return answer === null ? null : answer?.vault;
}

export const protectType = (vault: WireVault) => vault.billing?.protect_type;
export const isHybrid = (vault: WireVault) => protectType(vault) === "hybrid" || vault.billing?.cloud_type === "hybrid";

export function noVault(property: "vaultId" | "destinationVaultId", vaultId: string, target: ProjectRef): Failure {
    const [code, check] =
        property === "vaultId"
            ? ["6105", "vaultId, region and projectId"]
            : ["6120", "destinationVaultId, destinationRegion and destinationProjectId"];
    return {
        property,
        reason:
            `there is no vault ${vaultId} in ${target.region}, project ${target.projectId} ` +
            `(BackupService.${code}): check ${check}`,
    };
}
