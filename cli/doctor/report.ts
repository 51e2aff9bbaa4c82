/** What `doctor` found, as data and as text. */
import { displayText } from "../../provider/client/errors/redaction";
import type { SettingLine } from "./settings";

export type Verdict = "OK" | "WARN" | "FAIL" | "SKIP";

export interface Check {
    readonly check: string;
    readonly verdict: Verdict;
    readonly detail: string;
    /** What to do. */
    readonly advice?: string;
    /** The API's code, or `HTTP 403`. */
    readonly code?: string;
}

export interface VaultLine {
    readonly id: string;
    readonly name: string;
    /** backup, replication, hybrid. */
    readonly protectType: string;
    readonly objectType: string;
    readonly status: string;
    readonly usedGb?: number;
    readonly sizeGb?: number;
    readonly resources: number;
    readonly locked: boolean;
}

export interface RegionReport {
    readonly region: string;
    endpoint?: string;
    projectId?: string;
    /** This machine's clock minus the region's, in milliseconds. */
    clockAheadMs?: number;
    readonly checks: Check[];
    vaults: VaultLine[];
    /** Regions that it can replicate to; absent when the cloud does not say. */
    replicatesTo?: readonly string[];
}

export interface Report {
    readonly version: 1;
    readonly verdict: Verdict;
    readonly configuration: string;
    readonly settings: readonly SettingLine[];
    readonly checks: readonly Check[];
    readonly regions: readonly RegionReport[];
}

export function verdictOf(checks: readonly Check[]): Verdict {
    if (checks.some(({ verdict }) => verdict === "FAIL")) return "FAIL";
    return checks.some(({ verdict }) => verdict === "WARN") ? "WARN" : "OK";
}

export function reportAsText(report: Report): string {
    const lines = [
        `Settings (${report.configuration})`,
        ...columns(
            report.settings.map(({ name, value, secret, source }) => [
                name,
                secret ? `set (from ${source})` : (value ?? ""),
                secret ? "" : source,
            ]),
        ),
    ];
    lines.push("", "Checks", ...checkLines(report.checks));
    for (const region of report.regions) {
        lines.push(
            "",
            `Region ${region.region}${region.endpoint === undefined ? "" : `  ${region.endpoint}`}`,
            ...checkLines(region.checks),
        );
        if (region.vaults.length > 0) lines.push("  Vaults", ...columns(region.vaults.map(vaultColumns), "    "));
        if (region.replicatesTo !== undefined)
            lines.push(`  Replicates to  ${region.replicatesTo.join(", ") || "no region"}`);
    }
    const all = [...report.checks, ...report.regions.flatMap(({ checks }) => checks)];
    const count = (verdict: Verdict) => all.filter((one) => one.verdict === verdict).length;
    lines.push("", `${report.verdict}: ${count("OK")} OK, ${count("WARN")} WARN, ${count("FAIL")} FAIL`, "");
    return lines.map(displayText).join("\n");
}

function checkLines(checks: readonly Check[]): string[] {
    const width = Math.max(0, ...checks.map(({ check }) => check.length));
    return checks.flatMap(({ check, verdict, detail, advice }) => [
        `  ${verdict.padEnd(4)}  ${check.padEnd(width)}  ${displayText(detail)}`,
        ...(advice === undefined ? [] : [`  ${" ".repeat(4)}  ${" ".repeat(width)}  → ${displayText(advice)}`]),
    ]);
}

function vaultColumns(vault: VaultLine): string[] {
    const used = vault.sizeGb === undefined ? "" : `${vault.usedGb ?? "?"} of ${vault.sizeGb} GB`;
    const protects =
        vault.protectType === "backup" ? `${vault.resources} ${vault.resources === 1 ? "resource" : "resources"}` : "";
    return [
        vault.id,
        vault.name,
        `${vault.protectType} (${vault.objectType})`,
        vault.locked ? `${vault.status}, locked` : vault.status,
        used,
        protects,
    ];
}

function columns(rows: readonly (readonly string[])[], indent = "  "): string[] {
    const widths: number[] = [];
    const cells = rows.map((row) => row.map(displayText));
    for (const row of cells)
        for (const [index, cell] of row.entries()) widths[index] = Math.max(widths[index] ?? 0, cell.length);
    return cells.map(
        (row) =>
            indent +
            row
                .map((cell, index) => cell.padEnd(widths[index] ?? 0))
                .join("  ")
                .trimEnd(),
    );
}
