/**
 * Longest pause that a `Retry-After` header can ask of us, in milliseconds: no gateway of this API needs more, and a
 * wrong date must not stop a run.
 */
export const RETRY_AFTER_MAX_MS = 60_000;

/** RFC 9110 §5.6.7: the one date form that senders must use; the two older ones are not seen with this API. */
const MONTH = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)";
const HTTP_DATE = new RegExp(`^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \\d{2} ${MONTH} \\d{4} \\d{2}:\\d{2}:\\d{2} GMT$`);

/**
 * What a `Retry-After` header (RFC 9110 §10.2.3) asks for, in milliseconds from `nowMs`, between 0 and 60,000. Whole
 * seconds or an HTTP date; anything else, also what only looks like a number (`1e3`, `0x10`, `1.5`, `-1`), is
 * undefined.
 */
export function parseRetryAfter(value: string | undefined, nowMs: number): number | undefined {
    const text = value?.trim() ?? "";
    if (/^\d+$/.test(text)) return Math.min(Number(text) * 1000, RETRY_AFTER_MAX_MS);
    if (!HTTP_DATE.test(text)) return undefined;
    const at = Date.parse(text);
    return Number.isNaN(at) ? undefined : Math.min(Math.max(0, at - nowMs), RETRY_AFTER_MAX_MS);
}
