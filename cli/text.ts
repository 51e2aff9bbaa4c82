/** Text for terminals: tables, ages, sizes. */
import { displayText } from "../provider/client/errors/redaction";

/**
 * Several lines, each without secrets and control characters. A name in them must not break lines: see `displayText`.
 */
export function displayLines(text: string): string {
    return text.split("\n").map(displayText).join("\n");
}

/** Lines of a table: columns as wide as their widest cell, two spaces apart. */
export function columns(rows: readonly (readonly string[])[], indent = "  "): string[] {
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

/** `1 backup`, `2 backups`. */
export function counted(count: number, noun: string, plural = `${noun}s`): string {
    return `${count} ${count === 1 ? noun : plural}`;
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
export const DAY_MS = 24 * HOUR;

/** How long something is or was, in one unit: `45 min`, `19 h`, `3 d`. Rounded down. */
export function span(ms: number): string {
    const length = Math.max(0, ms);
    if (length < 2 * MINUTE) return `${Math.floor(length / SECOND)} s`;
    if (length < 2 * HOUR) return `${Math.floor(length / MINUTE)} min`;
    if (length < 2 * DAY_MS) return `${Math.floor(length / HOUR)} h`;
    return `${Math.floor(length / DAY_MS)} d`;
}

/** `2026-11-28 02:00`, UTC. */
export function minuteOf(ms: number): string {
    return new Date(ms).toISOString().slice(0, 16).replace("T", " ");
}

/** ISO 8601 in whole seconds, UTC. */
export function isoSecond(ms: number): string {
    return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

/** `140 GB`, `1.4 TB`. */
export function size(gb: number): string {
    return gb < 1_024 ? `${gb} GB` : `${(gb / 1_024).toFixed(1)} TB`;
}

/** One line of RFC 4180. A cell that a spreadsheet would take for a formula is kept from that. */
export function csvLine(cells: readonly (string | number | undefined)[]): string {
    return cells
        .map((cell) => {
            if (cell === undefined) return "";
            if (typeof cell === "number") return String(cell);
            const text = /^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell;
            return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
        })
        .join(",");
}
