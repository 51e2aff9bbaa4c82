/** Looks at settings, sign-in and regions. Only reads; asks each thing once. */
import { ConfigError, messageOf } from "../../provider/client/errors/errors";
import type { Transport } from "../../provider/client/http/transport";
import { createUndiciTransport } from "../../provider/client/http/undici-transport";
import { nodeProblem } from "../../provider/client/node-version";
import { regionProblem } from "../../provider/client/settings/endpoints";
import {
    CREDENTIAL_NAMES,
    describeCredentials,
    MissingCredentialsError,
    requireCredentials,
    resolveSettings,
    type Settings,
} from "../../provider/client/settings/settings";
import { type Clock, systemClock } from "../../provider/client/time/clock";
import { memoryJournal } from "../../provider/exactly-once/journal";
import { createServices } from "../../provider/services/services";
import type { Configuration } from "./configuration";
import { RegionDoctor } from "./regions";
import { type Check, type RegionReport, type Report, verdictOf } from "./report";
import { settingLines } from "./settings";

export interface Question {
    readonly configuration: Configuration;
    readonly env: NodeJS.ProcessEnv;
    /** Besides the settings' own. */
    readonly regions: readonly string[];
    readonly clock?: Clock;
    readonly transport?: Transport;
    /** Of Node.js. Default: that of this process. */
    readonly nodeVersion?: string;
}

export async function examine(question: Question): Promise<Report> {
    const { configuration, env } = question;
    const get = readerOf(configuration);
    const checks: Check[] = configurationChecks(configuration);
    const report = (settings: Report["settings"], regions: readonly RegionReport[]): Report => ({
        version: 1,
        verdict: verdictOf([...checks, ...regions.flatMap((region) => region.checks)]),
        configuration: configuration.source,
        settings,
        checks,
        regions,
    });

    const node = nodeCheck(question.nodeVersion ?? process.versions.node);
    checks.push(node);

    let settings: Settings;
    try {
        settings = resolveSettings(get, env);
    } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        checks.push({ check: "settings", verdict: "FAIL", detail: messageOf(error) });
        return report([], []);
    }
    const lines = settingLines(settings);
    for (const warning of settings.warnings) checks.push({ check: "settings", verdict: "WARN", detail: warning });

    const own = settings.region === undefined ? [] : [settings.region.value];
    const regions = new Set([...own, ...Object.keys(settings.endpoints), ...question.regions]);
    checks.push(regionCheck(settings));
    const credentials = credentialsCheck(settings);
    checks.push(credentials);

    if (node.verdict === "FAIL") {
        // Requests would fail in ways that say nothing about the cloud.
        checks.push({ check: "regions", verdict: "SKIP", detail: "not looked at with this Node.js" });
        return report(lines, []);
    }

    const clock = question.clock ?? systemClock;
    const transport = question.transport ?? createUndiciTransport(settings);
    try {
        const { client } = createServices(get, env, { clock, transport, journal: memoryJournal() });
        const hasCredentials = credentials.verdict === "OK";
        const doctor = new RegionDoctor({ settings, client, transport, clock, hasCredentials });
        const reports: RegionReport[] = [];
        // One after the other: a refused access key must not be tried in all of them.
        for (const region of regions) reports.push(await doctor.examine(region));
        checks.push(...doctor.signIn);
        checks.push(...pairs(reports));
        return report(lines, reports);
    } finally {
        if (question.transport === undefined) await transport.close();
    }
}

/** A setting as the provider's host gives it. */
function readerOf({ values }: Configuration): (key: string) => string | undefined {
    return (key) => {
        const value = Object.hasOwn(values, key) ? values[key] : undefined;
        if (value === undefined || value === null) return undefined;
        return typeof value === "object" ? JSON.stringify(value) : String(value);
    };
}

function configurationChecks({ encrypted, plain, source }: Configuration): Check[] {
    const warning = (detail: string, advice: string): Check => ({
        check: "configuration",
        verdict: "WARN",
        detail,
        advice,
    });
    return [
        ...encrypted.map((key) =>
            warning(
                `${key} is encrypted in ${source} and was not used`,
                "use --stack, which lets the Pulumi CLI decrypt it",
            ),
        ),
        ...plain.map((key) =>
            warning(
                `${key} stands in plain text in ${source}`,
                `encrypt it: pulumi config set --secret ${key}, and change it if others could read it`,
            ),
        ),
    ];
}

function regionCheck(settings: Settings): Check {
    const { region } = settings;
    if (region === undefined)
        return {
            check: "region",
            verdict: "WARN",
            detail: "no region is set",
            advice: "set cbr:region, HW_REGION_NAME or OS_REGION_NAME, or give each resource a region",
        };
    const problem = regionProblem(settings, region.value);
    return problem === undefined
        ? { check: "region", verdict: "OK", detail: region.value }
        : { check: "region", verdict: "FAIL", detail: problem };
}

export function nodeCheck(version: string): Check {
    const problem = nodeProblem(version);
    if (problem === undefined) return { check: "node", verdict: "OK", detail: version };
    return { check: "node", verdict: "FAIL", detail: problem, advice: "install a newer Node.js" };
}

function credentialsCheck(settings: Settings): Check {
    try {
        return { check: "credentials", verdict: "OK", detail: describeCredentials(requireCredentials(settings)) };
    } catch (error) {
        if (!(error instanceof MissingCredentialsError)) throw error;
        const detail = error.message;
        const { incomplete } = settings;
        const advice = incomplete.length === 0 ? CREDENTIAL_NAMES : incomplete.join("; ");
        return { check: "credentials", verdict: "FAIL", detail, advice };
    }
}

/**
 * Between regions that were looked at: can one that has backups be copied to the other, and is there a vault to take
 * the copies?
 */
function pairs(reports: readonly RegionReport[]): Check[] {
    const checks: Check[] = [];
    for (const from of reports)
        for (const to of reports) {
            if (from === to || !from.vaults.some(({ protectType }) => protectType === "backup")) continue;
            if (from.replicatesTo === undefined || !from.replicatesTo.includes(to.region)) continue;
            if (
                to.checks.some(({ check, verdict }) => check === "list vaults" && verdict !== "OK") ||
                to.projectId === undefined
            )
                continue;
            const vaults = to.vaults.filter(({ protectType }) => protectType === "replication");
            const check = `${from.region} → ${to.region}`;
            checks.push(
                vaults.length === 0
                    ? {
                          // Nobody copies in this direction; most stacks copy in one only.
                          check,
                          verdict: "SKIP",
                          detail: `is possible, but ${to.region} has no vault of protect type replication`,
                      }
                    : {
                          check,
                          verdict: "OK",
                          detail: `can be copied, to ${vaults.map(({ name }) => name).join(", ")}`,
                      },
            );
        }
    return checks;
}
