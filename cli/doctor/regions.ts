/** Looks at one region after the other: its address, the network, the clock, rights, vaults. Only reads. */
import type { Client, ProjectRef } from "../../provider/client/client";
import { ApiError, AuthError, messageOf, TransportError } from "../../provider/client/errors/errors";
import type { Transport } from "../../provider/client/http/transport";
import {
    listBackups,
    listOpLogs,
    listVaults,
    type Operation,
    type Query,
    showReplicationCapabilities,
} from "../../provider/client/operations";
import { regionProblem } from "../../provider/client/settings/endpoints";
import type { Settings } from "../../provider/client/settings/settings";
import type { Clock } from "../../provider/client/time/clock";
import type { Check, RegionReport } from "./report";

/** One region gets this long, in milliseconds. */
const REGION_BUDGET_MS = 20_000;
/** Signatures are good for 15 min; a clock that is off by a third of that is on its way there. */
const SKEW_WARN_MS = 60_000;
const SKEW_FAIL_MS = 5 * 60_000;
/** A vault this full, in per cent, is worth a word. */
const NEARLY_FULL = 90;
const VAULT_PAGE = 1_000;

export class RegionDoctor {
    readonly #settings: Settings;
    readonly #client: Client;
    readonly #transport: Transport;
    readonly #clock: Clock;
    readonly #hasCredentials: boolean;
    #refused: string | undefined;
    #signedIn = false;

    constructor(parts: {
        settings: Settings;
        client: Client;
        transport: Transport;
        clock: Clock;
        hasCredentials: boolean;
    }) {
        this.#settings = parts.settings;
        this.#client = parts.client;
        this.#transport = parts.transport;
        this.#clock = parts.clock;
        this.#hasCredentials = parts.hasCredentials;
    }

    /** Whether the credentials were accepted anywhere. */
    get signIn(): Check[] {
        if (this.#signedIn) return [{ check: "sign-in", verdict: "OK", detail: "the credentials are accepted" }];
        if (this.#refused === undefined) return [];
        return [{ check: "sign-in", verdict: "FAIL", detail: this.#refused }];
    }

    async examine(region: string): Promise<RegionReport> {
        const report: RegionReport = { region, checks: [], vaults: [] };
        const problem = regionProblem(this.#settings, region);
        if (problem !== undefined) {
            report.checks.push({ check: "endpoint", verdict: "FAIL", detail: problem });
            return report;
        }
        let target: ProjectRef | undefined;
        try {
            report.endpoint = this.#client.baseUrl(region);
        } catch (error) {
            // A cloud that no table knows: its addresses stand in the catalog of a token.
            target = await this.#target(report);
            if (target === undefined) return report;
            try {
                report.endpoint = this.#client.baseUrl(region);
            } catch {
                report.checks.push({ check: "endpoint", verdict: "FAIL", detail: messageOf(error) });
                return report;
            }
        }
        if (!(await this.#reach(report, report.endpoint))) return report;
        if (!this.#hasCredentials) {
            report.checks.push({ check: "rights", verdict: "SKIP", detail: "not asked without credentials" });
            return report;
        }
        if (this.#refused !== undefined && this.#settings.credentials?.kind !== "token") {
            report.checks.push({
                check: "rights",
                verdict: "SKIP",
                detail: "not asked, because the credentials were refused before",
            });
            return report;
        }
        target ??= await this.#target(report);
        if (target === undefined) return report;
        report.projectId = target.projectId;
        report.checks.push({ check: "project", verdict: "OK", detail: target.projectId });
        await this.#rights(report, target);
        return report;
    }

    /** Any answer will do: this asks without credentials. */
    async #reach(report: RegionReport, endpoint: string): Promise<boolean> {
        const sentAt = this.#clock.now();
        try {
            const response = await this.#transport.send({
                method: "GET",
                url: `${endpoint}/`,
                headers: { accept: "application/json" },
                timeoutMs: REGION_BUDGET_MS,
            });
            const endedAt = this.#clock.now();
            report.checks.push({
                check: "reachable",
                verdict: "OK",
                detail: `answers after ${Math.round(endedAt - sentAt)} ms`,
            });
            const date = Date.parse(response.headers["date"] ?? "");
            // The header has whole seconds only: the middle of that second.
            if (!Number.isNaN(date)) {
                report.clockAheadMs = Math.round((sentAt + endedAt) / 2 - (date + 500));
                report.checks.push(clockCheck(report.clockAheadMs));
            }
            return true;
        } catch (error) {
            report.checks.push({
                check: "reachable",
                verdict: "FAIL",
                detail: messageOf(error),
                ...(error instanceof TransportError
                    ? { advice: "check also the network, HTTPS_PROXY and NO_PROXY" }
                    : {}),
            });
            return false;
        }
    }

    async #target(report: RegionReport): Promise<ProjectRef | undefined> {
        try {
            return await this.#client.target(report.region);
        } catch (error) {
            report.checks.push({ check: "project", verdict: "FAIL", detail: messageOf(error) });
            if (error instanceof AuthError) this.#refused ??= messageOf(error);
            return undefined;
        }
    }

    async #rights(report: RegionReport, target: ProjectRef): Promise<void> {
        const deadline = this.#clock.now() + REGION_BUDGET_MS;
        const ask = async <Req, Res>(
            operation: Operation<Req, Res>,
            check: string,
            query: Query,
            inWords: (answer: Res) => string,
        ): Promise<Res | undefined> => {
            try {
                const answer = await this.#client.call(operation, { target, query, deadline });
                this.#signedIn = true;
                report.checks.push({ check, verdict: "OK", detail: inWords(answer) });
                return answer;
            } catch (error) {
                report.checks.push(this.#refusal(check, operation, error));
                return undefined;
            }
        };
        const counted = (count: number, one: string) => `allowed; ${count} ${one}${count === 1 ? "" : "s"}`;
        const vaults = await ask(listVaults, "list vaults", { limit: VAULT_PAGE }, (answer) =>
            counted(answer.count ?? answer.vaults.length, "vault"),
        );
        if (vaults === undefined && this.#refused !== undefined) return;
        await ask(listBackups, "list backups", { limit: 1 }, (answer) =>
            counted(answer.count ?? answer.backups.length, "backup"),
        );
        await ask(listOpLogs, "list operation logs", { limit: 1 }, () => "allowed");
        const capabilities = await ask(showReplicationCapabilities, "replication capabilities", {}, () => "allowed");
        const own = capabilities?.regions.find(({ name }) => name === report.region);
        if (own !== undefined) report.replicatesTo = own.replication_destinations;
        report.vaults = (vaults?.vaults ?? [])
            .map((vault) => ({
                id: vault.id,
                name: vault.name ?? "",
                protectType: vault.billing?.protect_type ?? "unknown",
                objectType: vault.billing?.object_type ?? "unknown",
                status: vault.billing?.status ?? "unknown",
                // Vendor: used is in MB, size in GB.
                ...(vault.billing?.used === undefined ? {} : { usedGb: Math.round(vault.billing.used / 102.4) / 10 }),
                ...(vault.billing?.size === undefined ? {} : { sizeGb: vault.billing.size }),
                resources: vault.resources.length,
                locked: vault.locked === true,
            }))
            .sort((a, b) => (a.name < b.name ? -1 : 1));
        if (vaults !== undefined && report.vaults.length === 0)
            report.checks.push({
                check: "vaults",
                verdict: "WARN",
                detail: `project ${target.projectId} has no vault here`,
                advice: "check the project (cbr:projectId, cbr:projectName), or create a vault",
            });
        for (const { name, usedGb, sizeGb } of report.vaults)
            if (usedGb !== undefined && sizeGb !== undefined && sizeGb > 0 && (usedGb / sizeGb) * 100 >= NEARLY_FULL)
                report.checks.push({
                    check: "vaults",
                    verdict: "WARN",
                    detail: `vault ${name} is ${Math.round((usedGb / sizeGb) * 100)} % full`,
                    advice: "enlarge it, or delete backups: backups and copies into a full vault fail",
                });
    }

    #refusal<Req, Res>(check: string, operation: Operation<Req, Res>, error: unknown): Check {
        const detail = messageOf(error);
        if (error instanceof AuthError) {
            this.#refused ??= detail;
            return {
                check,
                verdict: "FAIL",
                detail,
                ...(error.status === undefined ? {} : { code: `HTTP ${error.status}` }),
            };
        }
        if (!(error instanceof ApiError)) return { check, verdict: "FAIL", detail };
        this.#signedIn = true;
        const { status, code: vendorCode } = error.failure;
        const code = vendorCode === "" ? `HTTP ${status}` : vendorCode;
        // Vendor: not every cloud has this call, and copies work without it.
        if (operation.id === showReplicationCapabilities.id && (status === 403 || status === 404))
            return {
                check,
                verdict: "WARN",
                detail,
                code,
                advice: "previews cannot tell whether a region can be copied to; copies work nevertheless",
            };
        const advice =
            status === 403
                ? `give the user or agency the right to ${check} (policy CBR ReadOnlyAccess or higher in this project)`
                : undefined;
        return { check, verdict: "FAIL", detail, code, ...(advice === undefined ? {} : { advice }) };
    }
}

function clockCheck(aheadMs: number): Check {
    const off = Math.abs(aheadMs);
    const detail =
        off < 1_500
            ? "agrees with the region's"
            : `is ${inSeconds(off)} ${aheadMs > 0 ? "ahead of" : "behind"} the region's`;
    if (off < SKEW_WARN_MS) return { check: "clock", verdict: "OK", detail };
    return {
        check: "clock",
        verdict: off < SKEW_FAIL_MS ? "WARN" : "FAIL",
        detail,
        advice: "set this machine's clock: signatures are good for 15 minutes only",
    };
}

function inSeconds(ms: number): string {
    return ms < 120_000 ? `${Math.round(ms / 1_000)} s` : `${Math.round(ms / 60_000)} min`;
}
