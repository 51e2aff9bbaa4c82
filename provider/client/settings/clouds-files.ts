/** Where clouds.yaml, secure.yaml and clouds-public.yaml are looked for: as openstacksdk does, first to last. */
import { posix, win32 } from "node:path";
import { YamlDocument } from "./yaml-document";

/** The few things that settings know of files. */
export interface FileAccess {
    /** Whole text, or undefined when there is no such file, or none that may be read. */
    read(path: string): string | undefined;
    /** Working directory: for the provider, the program's. */
    cwd(): string;
    /** The user's home directory, or undefined when there is none. */
    home(): string | undefined;
    /** As `process.platform`. Default: like Linux. */
    platform?(): string;
}

type Env = Readonly<Record<string, string | undefined>>;

const ENDINGS = ["yaml", "yml", "json"];

/** `~/x`, on Windows also `~\x`, in the user's home. */
export function expandHome(path: string, files: FileAccess): string {
    const home = files.home();
    return home !== undefined && /^~(?=[/\\]|$)/.test(path) ? home + path.slice(1) : path;
}

/** The folders that the system keeps configuration in: the user's own, and those of all users. */
function systemFolders(env: Env, files: FileAccess): { own: string[]; shared: string[] } {
    const home = files.home();
    const given = (name: string) => env[name]?.trim() || undefined;
    // The rule of these two variables: what is no absolute path does not count.
    const { delimiter, isAbsolute } = files.platform?.() === "win32" ? win32 : posix;
    const xdgHome = [given("XDG_CONFIG_HOME") ?? ""].find(isAbsolute);
    const xdgDirs = given("XDG_CONFIG_DIRS")?.split(delimiter).filter(isAbsolute) ?? [];
    const fallback = (() => {
        switch (files.platform?.()) {
            case "darwin":
                return {
                    own: home === undefined ? undefined : `${home}/Library/Application Support`,
                    shared: "/Library/Application Support",
                };
            case "win32":
                return { own: given("LOCALAPPDATA"), shared: given("PROGRAMDATA"), vendor: "OpenStack" };
            default:
                return { own: home === undefined ? undefined : `${home}/.config`, shared: "/etc/xdg" };
        }
    })();
    const inVendor = (folder: string) => (fallback.vendor === undefined ? folder : `${folder}/${fallback.vendor}`);
    const own = xdgHome ?? (fallback.own === undefined ? undefined : inVendor(fallback.own));
    const fallbackShared = fallback.shared === undefined ? [] : [inVendor(fallback.shared)];
    const shared = xdgDirs.length > 0 ? xdgDirs : fallbackShared;
    return { own: own === undefined ? [] : [own], shared };
}

/** Paths of `base` (`clouds`, `secure`, `clouds-public`), first to last. */
export function searchPaths(base: string, env: Env, files: FileAccess, override: string | undefined): string[] {
    const home = files.home();
    const { own, shared } = systemFolders(env, files);
    const folders = [
        files.cwd(),
        ...own.map((folder) => `${folder}/openstack`),
        ...(home === undefined ? [] : [`${home}/.config/openstack`]),
        ...shared.map((folder) => `${folder}/openstack`),
        "/etc/openstack",
    ];
    const paths = folders.flatMap((folder) => ENDINGS.map((ending) => `${folder}/${base}.${ending}`));
    return [...new Set(override === undefined ? paths : [expandHome(override, files), ...paths])];
}

/**
 * The first of these files that is there.
 * @throws ConfigError when it is no YAML: another file might be of another account.
 */
export function readFirst(paths: readonly string[], files: FileAccess): YamlDocument | undefined {
    for (const path of paths) {
        const text = files.read(path);
        if (text !== undefined) return new YamlDocument(path, text);
    }
    return undefined;
}
