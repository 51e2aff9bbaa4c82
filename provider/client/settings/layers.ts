/** All places that settings stand in, highest first, and which of them count when several people's settings meet. */
import { ConfigError } from "../errors/errors";
import type { FileAccess } from "./clouds-files";
import { type CloudsYamlEntry, listCloudsYaml, readCloudsYaml } from "./clouds-yaml";
import { chooseCredentials, registerSecrets } from "./credentials";
import { describeCredentials } from "./credentials-in-words";
import { isSdkAddress } from "./endpoint-maps";
import { belowProvider } from "./explicit-provider";
import { cloudsYamlLayer, openStackLayer, unusable } from "./openstack-layers";
import { firstIn } from "./place";
import {
    type Env,
    environmentLayer,
    type Layer,
    type Names,
    OS_HUAWEI,
    OS_OPENSTACK,
    OS_OTC,
    SDK,
    stackLayer,
    textOf,
} from "./sources";
import { huaweiLayer, sdkFileLayer } from "./vendor-files";

export interface Sources {
    readonly stack: Layer;
    /** Highest first; the OS_* names in the order that a cloud's own tools give them. */
    layers(order: Names): Layer[];
    /** Also those that do not count: their secrets are secrets all the same. */
    readonly all: readonly Layer[];
    /** Where variables with addresses of single regions count: none does beside an entry that is used as a whole. */
    readonly addresses: Env;
}

/** Variables that say who signs in, where, and to which project: of these one place counts as a whole. */
const IDENTITY = [
    ...["accessKey", "secretKey", "securityToken", "token", "userName", "userId", "password", "domainName", "domainId"],
    ...["projectId", "projectName", "authUrl", "region", "agencyName"],
    ...["identityProvider", "idToken", "idTokenFile", "instanceAgency"],
] as const;

/**
 * Stack configuration > HW_* (with the profile of HW_PROFILE) > OS_* > HUAWEICLOUD_SDK_* > the SDKs' credentials file >
 * the clouds.yaml entry of OS_CLOUD. An entry that stack configuration names comes right below it, and instead of the
 * environment.
 * @throws ConfigError for a file that is asked for and cannot be used.
 */
export function collectSources(
    get: (key: string) => unknown,
    env: Env,
    files: FileAccess,
    warnings: string[],
): Sources {
    const stack = stackLayer(get);
    const below = belowProvider(stack, get);
    const huawei = huaweiLayer(env, files);
    const sdk = [environmentLayer(env, SDK), sdkFileLayer(env, files)].filter((layer) => layer !== undefined);
    const found = (order: Names): Layer[] => [huawei, openStackLayer(env, order), ...sdk];
    const environment = (order: Names) => found(order).map(below);
    const beside = (order: Names) => [stack, ...environment(order)];
    const all = [stack, ...found(OS_HUAWEI), ...found(OS_OPENSTACK)];
    // Before anything can fail.
    registerSecrets(all);
    const settled = (found: Sources): Sources => {
        settle(found.layers(OS_OPENSTACK), warnings);
        return found;
    };
    const configured = textOf(get("cbr:cloudsYaml"))?.trim() || undefined;
    if (configured !== undefined) {
        const entry = configuredEntry(configured, stack, env, files);
        warnings.push(...entry.warnings);
        const clouds = cloudsYamlLayer(entry, files);
        const addresses = Object.keys(env).filter((name) => isSdkAddress(name) && env[name]?.trim());
        const used = choose(stack, clouds, environment(OS_OPENSTACK), { name: configured, addresses, warnings });
        const last = used === "both" ? [clouds] : [];
        return settled({
            stack,
            all: [...all, clouds],
            addresses: used === "entry" ? {} : env,
            layers: (order) => (used === "entry" ? [stack, clouds] : [...beside(order), ...last]),
        });
    }
    const clouds = requestedLayer(beside(OS_OPENSTACK), env, files, warnings);
    const last = clouds === undefined ? [] : [clouds];
    const layers = (order: Names) => [...beside(order), ...last.map(below)];
    return settled({ stack, all: [...all, ...last], addresses: env, layers });
}

/** A file may be asked for on another tool's account: it stops only who has no complete credentials elsewhere. */
function settle(layers: readonly Layer[], warnings: string[]): void {
    const broken = layers.filter(({ problem }) => problem !== undefined);
    if (broken.length === 0) return;
    const { credentials, layer } = chooseCredentials(layers);
    for (const { problem } of broken) {
        if (problem === undefined) continue;
        // Beside the file's own variables too: what it would have said may be of another account.
        if (credentials === undefined || problem === layer?.problem) throw problem;
        warnings.push(`${problem.message} Used instead: ${describeCredentials(credentials)}.`);
    }
}

/** The order that a cloud's own tools give the OS_* names. */
export function orderFor(family: string): Names {
    if (family === "huaweicloud") return OS_HUAWEI;
    return family === "custom" ? OS_OPENSTACK : OS_OTC;
}

function missing(name: string, source: string, env: Env, files: FileAccess): string {
    const { names, path } = listCloudsYaml(env, files);
    const there =
        path === undefined
            ? "no clouds.yaml was found (./, ~/.config/openstack/, /etc/openstack/, OS_CLIENT_CONFIG_FILE)"
            : `${path} has ${names.length === 0 ? "no entries" : names.join(", ")}`;
    return `${source} asks for clouds.yaml entry "${name}", but ${there}.`;
}

/** The entry that stack configuration names: what is wrong with it is an error. */
function configuredEntry(name: string, stack: Layer, env: Env, files: FileAccess): CloudsYamlEntry {
    const entry = readCloudsYaml({ name, region: stack.get("region")?.value }, env, files);
    if (entry === undefined) throw new ConfigError(missing(name, "cbr:cloudsYaml", env, files));
    const problem = unusable(entry);
    if (problem !== undefined) throw new ConfigError(`${problem} (cbr:cloudsYaml).`);
    return entry;
}

/**
 * Which of the two signs in: the entry if it can, else the environment if it can; both together if neither can alone.
 */
function choose(
    stack: Layer,
    clouds: Layer,
    environment: readonly Layer[],
    said: { name: string; addresses: readonly string[]; warnings: string[] },
): "entry" | "environment" | "both" {
    const isComplete = (layers: readonly Layer[]) => chooseCredentials(layers).credentials !== undefined;
    const found = environment.flatMap((layer) => IDENTITY.map((field) => layer.get(field)?.source));
    const variables = [...new Set(found.filter((source) => source !== undefined))].map((source) =>
        source.replace("environment variable ", ""),
    );
    if (isComplete([stack, clouds])) {
        const unused = [...variables, ...said.addresses];
        if (unused.length > 0)
            said.warnings.push(
                `cbr:cloudsYaml names clouds.yaml entry ${said.name}, which is used as a whole. ` +
                    `Not used: ${unused.join(", ")}.`,
            );
        return "entry";
    }
    if (!isComplete([stack, ...environment])) return "both";
    said.warnings.push(
        `cbr:cloudsYaml names clouds.yaml entry ${said.name}, which has no complete credentials and is not used. ` +
            `Used as a whole instead: ${variables.join(", ")}.`,
    );
    return "environment";
}

/**
 * The entry that OS_CLOUD names, which may be meant for another tool: it is not even read where other credentials are
 * complete, and stops only who has nothing else. OS_* variables and an entry may complete each other.
 */
function requestedLayer(beside: readonly Layer[], env: Env, files: FileAccess, warnings: string[]): Layer | undefined {
    const name = env["OS_CLOUD"]?.trim() || undefined;
    if (name === undefined) return undefined;
    const what = `clouds.yaml entry ${name} of environment variable OS_CLOUD`;
    const others = chooseCredentials(beside);
    if (others.credentials !== undefined && others.layer?.isOpenStack !== true) {
        warnings.push(`Not used: ${what}. Used instead: ${describeCredentials(others.credentials)}.`);
        return undefined;
    }
    const isNeeded = others.credentials === undefined;
    let entry: CloudsYamlEntry | undefined;
    try {
        entry = readCloudsYaml({ name, ...askedRegion(beside) }, env, files);
    } catch (error) {
        if (isNeeded || !(error instanceof ConfigError)) throw error;
        warnings.push(`Not used: ${what}. ${error.message}`);
        return undefined;
    }
    if (entry === undefined) {
        warnings.push(missing(name, "environment variable OS_CLOUD", env, files));
        return undefined;
    }
    const profile = `clouds.yaml entry ${name} is built on profile "${entry.profile}", which is not known here`;
    const problem = unusable(entry) ?? (entry.isProfileUnknown && !isNeeded ? profile : undefined);
    if (problem !== undefined) {
        warnings.push(`Not used: ${problem} (environment variable OS_CLOUD).`);
        return undefined;
    }
    if (entry.isProfileUnknown) warnings.push(`${profile}: it is used as it stands (environment variable OS_CLOUD).`);
    warnings.push(...entry.warnings);
    return cloudsYamlLayer(entry, files);
}

/**
 * Of the entry's regions the one that is wanted; OS_REGION_NAME must name one of them, as for openstackclient.
 * Variables of other tools ask for none.
 */
function askedRegion(layers: readonly Layer[]): { region: string | undefined; isRegionStrict: boolean } {
    const asking = layers.filter((layer) => layer.kind === "stack" || layer.isOpenStack === true);
    const asked = firstIn(asking, "region");
    return { region: asked?.value, isRegionStrict: asked?.source === "environment variable OS_REGION_NAME" };
}
