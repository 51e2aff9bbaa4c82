/** A recording without anything of the machine that made it, and without what no comment reads. */

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** Where in the program a resource stands, and when it was made: half of a digest. */
const DROPPED = new Set(["sourcePosition", "stackTrace", "created", "modified", "customTimeouts"]);
/** Marks of unknown values and of secrets, which must stay what they are. */
const MARKS =
    /^(04da6b54|1c4a061d|3eeb2bf0|6a19a0b0|030794c1|e48ece36|dd056dcd|4dabf18193072939515e22adb298388d|1b47061264138c4ac30d75fd1eb44270)/;
/** Ids that recordings choose themselves. */
const FIXED = /^5eed0000/;
const IDS = /\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\b[0-9a-f]{32}\b/g;
/** A warning that tells how this machine runs policy packs. */
const OF_THIS_MACHINE = /using pulumi-language-\w+ from \$PATH/;

/** The same id becomes the same small number, in order of appearance. */
function withoutIds(text: string): string {
    const seen = new Map<string, string>();
    return text.replace(IDS, (id) => {
        if (MARKS.test(id) || FIXED.test(id)) return id;
        const known = seen.get(id);
        if (known !== undefined) return known;
        const number = (seen.size + 1).toString(16).padStart(8, "0");
        const made = id.includes("-") ? `${number}-0000-4000-8000-000000000000` : number.padEnd(32, "0");
        seen.set(id, made);
        return made;
    });
}

function withoutPlaces(text: string, places: ReadonlyMap<string, string>): string {
    let replaced = text;
    for (const [place, stands] of places) replaced = replaced.replaceAll(place, stands);
    const ports = new Map<string, string>();
    return replaced
        .replace(/127\.0\.0\.1:(\d+)/g, (_, port: string) => {
            if (!ports.has(port)) ports.set(port, String(18_101 + ports.size));
            return `127.0.0.1:${ports.get(port)}`;
        })
        .replace(/\bSIM[0-9A-F]{17,}\b/g, "SIMULATEDACCESSKEY");
}

function reduced(value: Json): Json {
    if (Array.isArray(value)) return value.map(reduced);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
        Object.entries(value)
            .filter(([key]) => !DROPPED.has(key))
            .map(([key, item]) => [key, key === "config" ? onlyRegion(item) : reduced(item)]),
    );
}

/** Of the stack configuration a comment reads the region. */
function onlyRegion(config: Json): Json {
    if (typeof config !== "object" || config === null || Array.isArray(config)) return config;
    const region = config["cbr:region"];
    return region === undefined ? {} : { "cbr:region": region };
}

const isOfThisMachine = (value: Json): boolean => OF_THIS_MACHINE.test(JSON.stringify(value));

/** One line a step, so that a difference can be read. */
function documentText(value: { [key: string]: Json }): string {
    const { steps, diagnostics, duration, ...rest } = value;
    const list = (items: Json) => `[\n${(items as Json[]).map((item) => JSON.stringify(item)).join(",\n")}\n]`;
    const kept = Array.isArray(diagnostics) ? diagnostics.filter((one) => !isOfThisMachine(one)) : [];
    const parts = [
        ...(steps === undefined ? [] : [`"steps":${list(steps)}`]),
        ...(kept.length === 0 ? [] : [`"diagnostics":${list(kept)}`]),
        ...(duration === undefined ? [] : ['"duration":1000000000']),
        ...Object.entries(rest).map(([key, item]) => `${JSON.stringify(key)}:${JSON.stringify(item)}`),
    ];
    return `{${parts.join(",\n")}}\n`;
}

/** Events: one a line as they are, without those that no comment reads. */
function lineText(line: string): string[] {
    let event: Json;
    try {
        event = JSON.parse(line);
    } catch {
        return [line];
    }
    if (typeof event !== "object" || event === null || Array.isArray(event)) return [line];
    const diagnostic = event["diagnosticEvent"];
    const isDebug = typeof diagnostic === "object" && JSON.stringify(diagnostic).includes('"severity":"debug"');
    if (isDebug || isOfThisMachine(event)) return [];
    return [JSON.stringify(reduced({ ...event, timestamp: 1_800_000_000 }))];
}

function parsed(text: string): Json | undefined {
    try {
        return JSON.parse(text);
    } catch {
        return undefined;
    }
}

export function scrubbed(text: string, places: ReadonlyMap<string, string>): string {
    const value = parsed(text);
    const isDocument = typeof value === "object" && value !== null && !Array.isArray(value);
    const lean = isDocument
        ? documentText(reduced(value) as { [key: string]: Json })
        : text
              .split("\n")
              .flatMap((line) => (line === "" ? [] : lineText(line)))
              .join("\n")
              .concat(text === "" ? "" : "\n");
    return withoutIds(withoutPlaces(lean, places));
}
