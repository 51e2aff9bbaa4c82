const UNIT_MS: Readonly<Record<string, number>> = {
    ns: 1e-6,
    us: 1e-3,
    µs: 1e-3,
    // Go, and so Pulumi, knows both letters.
    μs: 1e-3,
    ms: 1,
    s: 1_000,
    m: 60_000,
    h: 3_600_000,
};

/**
 * Milliseconds of a Pulumi duration string such as `90s`, `5m` or `1h30m`; undefined when it is none, or not above
 * zero.
 */
export function parseDuration(text: string): number | undefined {
    const pattern = /(\d+(?:\.\d+)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)/gy;
    let total = 0;
    let at = 0;
    for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
        total += Number(match[1]) * (UNIT_MS[match[2] ?? ""] ?? 0);
        at = pattern.lastIndex;
    }
    return at === text.length && total > 0 ? total : undefined;
}

/** Of the pause between looks while something is waited for. */
const MIN_POLL_INTERVAL_MS = 1_000;
const MAX_POLL_INTERVAL_MS = 600_000;
export const POLL_INTERVAL_RULE = "must be a duration from 1s to 10m, such as 30s";

/** Milliseconds of a pause between looks; undefined when it is no duration, or out of bounds. */
export function parsePollInterval(text: string): number | undefined {
    const ms = parseDuration(text);
    return ms !== undefined && ms >= MIN_POLL_INTERVAL_MS && ms <= MAX_POLL_INTERVAL_MS ? ms : undefined;
}

/** `1 h 05 min`, `2 min 10 s` or `12 s`. */
export function formatDuration(ms: number): string {
    const seconds = Math.round(ms / 1000);
    if (seconds < 60) return `${seconds} s`;
    const minutes = Math.floor(seconds / 60);
    if (minutes < 60) return `${minutes} min ${String(seconds % 60).padStart(2, "0")} s`;
    return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} min`;
}
