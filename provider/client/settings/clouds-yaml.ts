/**
 * clouds.yaml by OpenStack's rules: which files, which entry, what profile and secure.yaml add. Reads through the
 * `FileAccess` it is given and nothing else; errors name the file, never what stands in it.
 */
import { createRequire } from "node:module";
import { ConfigError } from "../errors/errors";

/** The few things that settings know of files. */
export interface FileAccess {
    /** Whole text, or undefined when there is no such file, or none that may be read. */
    read(path: string): string | undefined;
    /** Working directory: for the provider, the program's. */
    cwd(): string;
    /** The user's home directory, or undefined when there is none. */
    home(): string | undefined;
}

/** One entry, with its profile and its part of secure.yaml merged in. */
export interface CloudsYamlEntry {
    readonly name: string;
    /** Profile it is built on, e.g. `otc`. */
    readonly profile: string | undefined;
    /** Values by their path in the file: `auth.username`, `region_name`. Texts, numbers and booleans, as text. */
    readonly values: Readonly<Record<string, string>>;
    /** Files that it was read from. */
    readonly files: readonly string[];
}

type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json =>
    typeof value === "object" && value !== null && !Array.isArray(value);

/** The vendor profiles that OpenStack's client has built in and that have CBR. */
const PROFILES: Readonly<Record<string, Json>> = {
    otc: { auth: { auth_url: "https://iam.{region_name}.otc.t-systems.com/v3" } },
    "otc-swiss": { auth: { auth_url: "https://iam-pub.{region_name}.sc.otc.t-systems.com/v3" }, region_name: "eu-ch2" },
};

/** Keys that belong under `auth`, and that people also write beside it. */
const AUTH_KEYS = [
    "auth_url",
    "username",
    "user_id",
    "password",
    "passcode",
    "token",
    "ak",
    "sk",
    "access_key",
    "secret_key",
    "security_token",
    "project_id",
    "project_name",
    "tenant_id",
    "tenant_name",
    "domain_id",
    "domain_name",
    "user_domain_id",
    "user_domain_name",
    "project_domain_id",
    "project_domain_name",
    "default_domain",
];

/** The paths of `clouds.yaml` and its companions, first to last; the first that exists counts. */
function candidates(base: string, files: FileAccess, override: string | undefined): string[] {
    const home = files.home();
    const folders = [files.cwd(), ...(home === undefined ? [] : [`${home}/.config/openstack`]), "/etc/openstack"];
    const paths = folders.flatMap((folder) => ["yaml", "yml", "json"].map((ending) => `${folder}/${base}.${ending}`));
    return override === undefined ? paths : [expandHome(override, files), ...paths];
}

/** `~/x`, on Windows also `~\x`, in the user's home. */
export function expandHome(path: string, files: FileAccess): string {
    const home = files.home();
    return home !== undefined && /^~(?=[/\\]|$)/.test(path) ? home + path.slice(1) : path;
}

interface Parsed {
    readonly path: string;
    readonly content: Json;
}

function readFirst(paths: readonly string[], files: FileAccess): Parsed | undefined {
    for (const path of paths) {
        const text = files.read(path);
        if (text === undefined) continue;
        return { path, content: parseYaml(path, text) };
    }
    return undefined;
}

function parseYaml(path: string, text: string): Json {
    // Loaded here, because most users have no clouds.yaml and the parser takes a while to load.
    const yaml = createRequire(__filename)("yaml") as typeof import("yaml");
    // Failsafe: a password of digits stays the text that it is.
    const document = yaml.parseDocument(text, { logLevel: "silent", schema: "failsafe", merge: true });
    const error = document.errors[0];
    if (error !== undefined) {
        // The parser's message quotes the lines around the error, which may be secrets.
        const line = error.linePos?.[0].line;
        throw new ConfigError(
            `${path} is not valid YAML${line === undefined ? "" : ` (line ${line})`}: ${error.code}.`,
        );
    }
    const content: unknown = document.toJS();
    if (content === null || content === undefined) return {};
    if (!isObject(content)) throw new ConfigError(`${path} is not a clouds.yaml: its top level must be a map.`);
    return content;
}

/** `over` beats `under`, key by key, at any depth. */
function merge(under: Json, over: Json): Json {
    const merged: Record<string, unknown> = { ...under };
    for (const [key, value] of Object.entries(over)) {
        const old = merged[key];
        if (value === null || value === undefined) continue;
        merged[key] = isObject(old) && isObject(value) ? merge(old, value) : value;
    }
    return merged;
}

function entryOf(parsed: Parsed | undefined, section: string, name: string): Json | undefined {
    const entries = parsed?.content[section];
    if (!isObject(entries) || !Object.hasOwn(entries, name)) return undefined;
    const entry = entries[name];
    return isObject(entry) ? withAuth(entry) : {};
}

/** An entry with what belongs under `auth` there, wherever it was written. */
function withAuth(entry: Json): Json {
    const loose = Object.fromEntries(Object.entries(entry).filter(([key]) => AUTH_KEYS.includes(key)));
    const rest = Object.fromEntries(Object.entries(entry).filter(([key]) => !AUTH_KEYS.includes(key)));
    const auth = isObject(entry["auth"]) ? entry["auth"] : {};
    return { ...rest, auth: merge(loose, auth) };
}

/** Scalars by path, two levels deep; lists are dropped, but `regions` gives its only one. */
function flatten(entry: Json): Record<string, string> {
    const values: Record<string, string> = {};
    const put = (path: string, value: unknown) => {
        if (typeof value === "string" || typeof value === "number" || typeof value === "boolean")
            values[path] = String(value);
    };
    for (const [key, value] of Object.entries(entry)) {
        if (isObject(value)) for (const [inner, deep] of Object.entries(value)) put(`${key}.${inner}`, deep);
        else put(key, value);
    }
    const regions = entry["regions"];
    if (values["region_name"] === undefined && Array.isArray(regions) && regions.length === 1) {
        const only: unknown = regions[0];
        put("region_name", isObject(only) ? only["name"] : only);
    }
    return values;
}

/**
 * The entry `name` of clouds.yaml, or undefined when no file has it. The file is OS_CLIENT_CONFIG_FILE's, else the first
 * of `./clouds.yaml`, `~/.config/openstack/clouds.yaml`, `/etc/openstack/clouds.yaml` (also .yml, .json). `profile` (or
 * `cloud`) takes its defaults from clouds-public.yaml or from the built-in `otc` and `otc-swiss`; secure.yaml
 * (OS_CLIENT_SECURE_FILE) beats both.
 *
 * @throws ConfigError for a file that is no YAML, and for a profile that does not exist.
 */
export function readCloudsYaml(
    name: string,
    env: Readonly<Record<string, string | undefined>>,
    files: FileAccess,
): CloudsYamlEntry | undefined {
    const override = (key: string) => env[key]?.trim() || undefined;
    const clouds = readFirst(candidates("clouds", files, override("OS_CLIENT_CONFIG_FILE")), files);
    const secure = readFirst(candidates("secure", files, override("OS_CLIENT_SECURE_FILE")), files);
    const own = entryOf(clouds, "clouds", name);
    const secret = entryOf(secure, "clouds", name);
    if (own === undefined && secret === undefined) return undefined;
    const used = [clouds?.path, secret === undefined ? undefined : secure?.path];
    let entry = own ?? {};
    const profile = entry["profile"] ?? entry["cloud"];
    if (typeof profile === "string" && profile !== "") {
        const published = readFirst(candidates("clouds-public", files, undefined), files);
        const found = entryOf(published, "public-clouds", profile);
        if (found !== undefined) used.push(published?.path);
        const builtIn = Object.hasOwn(PROFILES, profile) ? PROFILES[profile] : undefined;
        const base = found ?? builtIn;
        if (base === undefined)
            throw new ConfigError(
                `clouds.yaml entry ${name} is built on profile "${profile}", which is neither in clouds-public.yaml nor built in (otc, otc-swiss).`,
            );
        entry = merge(base, entry);
    }
    if (secret !== undefined) entry = merge(entry, secret);
    return {
        name,
        profile: typeof profile === "string" && profile !== "" ? profile : undefined,
        values: flatten(entry),
        files: used.filter((path) => path !== undefined),
    };
}

/** Names of the entries of clouds.yaml, for the error when one is not there; and where the file was looked for. */
export function listCloudsYaml(
    env: Readonly<Record<string, string | undefined>>,
    files: FileAccess,
): { names: string[]; path: string | undefined } {
    const clouds = readFirst(candidates("clouds", files, env["OS_CLIENT_CONFIG_FILE"]?.trim() || undefined), files);
    const entries = clouds?.content["clouds"];
    return { names: isObject(entries) ? Object.keys(entries) : [], path: clouds?.path };
}
