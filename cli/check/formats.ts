/** What `check` writes. */
import { columns, counted, span } from "../text";
import type { Demands, Judged } from "./judge";

export function checkAsText(judged: readonly Judged[], demands: Demands): string {
    const noun = demands.per === "vault" ? "vault" : "resource";
    const copies = demands.copies.length === 0 ? "" : `, and a copy in ${demands.copies.join(" and ")}`;
    const wanted = `a good restore point${copies}, no older than ${span(demands.maxAgeMs)}`;
    const failing = judged.filter(({ lacks }) => lacks.length > 0);
    if (failing.length === 0) return `OK: ${counted(judged.length, noun)} with ${wanted}\n`;
    const rows = failing.flatMap((one) =>
        one.lacks.map((lack) => [
            one.region,
            one.vaultName,
            ...(one.resourceName === undefined ? [] : [one.resourceName]),
            lack,
        ]),
    );
    return [`FAIL: ${failing.length} of ${counted(judged.length, noun)} without ${wanted}`, ...columns(rows), ""].join(
        "\n",
    );
}

export function checkAsJson(judged: readonly Judged[], demands: Demands, nowMs: number): string {
    const iso = (ms: number | undefined) => (ms === undefined ? null : new Date(ms).toISOString());
    const content = {
        version: 1,
        takenAt: iso(nowMs),
        isGood: judged.every(({ lacks }) => lacks.length === 0),
        maxAgeSeconds: demands.maxAgeMs / 1_000,
        per: demands.per,
        results: judged.map((one) => ({
            region: one.region,
            projectId: one.projectId,
            vaultId: one.vaultId,
            vaultName: one.vaultName,
            resourceId: one.resourceId ?? null,
            resourceName: one.resourceName ?? null,
            isGood: one.lacks.length === 0,
            lacks: one.lacks,
            newest: one.takenMs === undefined ? null : { id: one.takenId, createdAt: iso(one.takenMs) },
            copies: Object.fromEntries(
                [...one.copies].map(([region, copy]) => [
                    region,
                    { backupId: copy.backupId, dataFrom: iso(copy.takenMs) },
                ]),
            ),
        })),
    };
    return `${JSON.stringify(content, null, 2)}\n`;
}

/** When the cloud could not be asked. */
export function failureAsJson(error: string, nowMs: number): string {
    const content = { version: 1, takenAt: new Date(nowMs).toISOString(), isGood: null, error };
    return `${JSON.stringify(content, null, 2)}\n`;
}

/** Prometheus' text format, for node_exporter's textfile collector. */
export function checkAsPrometheus(judged: readonly Judged[], demands: Demands, nowMs: number): string {
    const seconds = (ms: number | undefined) => (ms === undefined ? 0 : Math.floor(ms / 1_000));
    const labels = (one: Judged, more: Readonly<Record<string, string>> = {}) =>
        labelsOf({
            region: one.region,
            project_id: one.projectId,
            vault: one.vaultName,
            vault_id: one.vaultId,
            ...(one.resourceId === undefined ? {} : { resource: one.resourceName ?? "", resource_id: one.resourceId }),
            ...more,
        });
    const copyRegions = (one: Judged) =>
        [...new Set([...one.copies.keys(), ...demands.copies])].filter((region) => region !== one.region).sort();
    return [
        ...metric(
            "pulumi_cbr_restore_point_timestamp_seconds",
            "When the newest good restore point was taken; 0 when there is none.",
            judged.map((one) => [labels(one), seconds(one.takenMs)]),
        ),
        ...metric(
            "pulumi_cbr_copy_timestamp_seconds",
            "When the data of the newest good copy was taken; 0 when there is none, or its age is not known.",
            judged.flatMap((one) =>
                copyRegions(one).map((region): [string, number] => [
                    labels(one, { copy_region: region }),
                    seconds(one.copies.get(region)?.takenMs),
                ]),
            ),
        ),
        ...metric(
            "pulumi_cbr_protected",
            "1 when restore point and copies are as young as demanded, else 0.",
            judged.map((one) => [labels(one), one.lacks.length === 0 ? 1 : 0]),
        ),
        ...metric("pulumi_cbr_max_age_seconds", "The age that was demanded.", [["", demands.maxAgeMs / 1_000]]),
        ...lastRun(true, nowMs),
        "",
    ].join("\n");
}

/** When the cloud could not be asked: nothing else is known, so nothing else is said. */
export function failureAsPrometheus(nowMs: number): string {
    return [...lastRun(false, nowMs), ""].join("\n");
}

function lastRun(success: boolean, nowMs: number): string[] {
    return [
        ...metric("pulumi_cbr_check_success", "1 when the cloud could be asked, else 0.", [["", success ? 1 : 0]]),
        ...metric("pulumi_cbr_check_timestamp_seconds", "When it was asked.", [["", Math.floor(nowMs / 1_000)]]),
    ];
}

function metric(name: string, help: string, samples: readonly (readonly [labels: string, value: number])[]): string[] {
    if (samples.length === 0) return [];
    return [
        `# HELP ${name} ${help}`,
        `# TYPE ${name} gauge`,
        ...samples.map(([labels, value]) => `${name}${labels} ${value}`),
    ];
}

function labelsOf(labels: Readonly<Record<string, string>>): string {
    const escaped = (text: string) => text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
    return `{${Object.entries(labels)
        .map(([name, value]) => `${name}="${escaped(value)}"`)
        .join(",")}}`;
}
