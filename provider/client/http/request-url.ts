/** Where a request goes. Pure. */
import type { Query } from "../operations";

/**
 * Every value is percent-encoded by RFC 3986, as the signature wants it; an id can never leave its place in the path.
 */
function encode(value: string): string {
    return encodeURIComponent(value).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** `base`, the project, and the path with its `{…}` parts filled from `values`. */
export function requestUrl(
    base: string,
    projectId: string,
    path: string,
    { path: values = {}, query = {} }: { path?: Readonly<Record<string, string>>; query?: Query },
): string {
    const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => encode(values[name] ?? ""));
    const pairs: string[] = [];
    for (const [key, value] of Object.entries(query)) {
        if (value === undefined) continue;
        for (const one of Array.isArray(value) ? value : [value]) pairs.push(`${encode(key)}=${encode(String(one))}`);
    }
    return `${base}/v3/${encode(projectId)}${filled}${pairs.length === 0 ? "" : `?${pairs.join("&")}`}`;
}
