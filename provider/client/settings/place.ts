/** Where credentials are good: region, address of IAM and cloud, which tell about each other. */
import { ConfigError } from "../errors/errors";
import { familyOf, familyOfAccount, isLoopback, normaliseCloud, readIamHost } from "./clouds";
import { accountIn, belongingFirst, chooseTogether } from "./credentials";
import { normaliseIamUrl } from "./endpoints";
import { type CloudFamily, cloudOfRegion, FAMILY_NAMES, type KnownFamily, ONLY_REGION } from "./regions";
import type { Layer, Resolved } from "./sources";

export interface Place {
    readonly region: Resolved | undefined;
    readonly authUrl: Resolved | undefined;
    readonly cloud: Resolved;
}

export function firstIn(layers: readonly Layer[], field: Parameters<Layer["get"]>[0]): Resolved | undefined {
    for (const layer of layers) {
        const found = layer.get(field);
        if (found !== undefined) return found;
    }
    return undefined;
}

export function inferred(value: string | undefined, source: string): Resolved | undefined {
    return value === undefined ? undefined : { value, source };
}

/** Stands in for `{region}` while an address is checked: braces are no part of a host name. */
const STAND_IN = "region-stand-in";

function authUrlOf(found: Resolved): Resolved {
    const text = found.value.replace(/\{region(_name)?\}/g, STAND_IN);
    return { value: normaliseIamUrl(text, found.source).replaceAll(STAND_IN, "{region}"), source: found.source };
}

/** The region in a project's name: `eu-de_team`, `cn-north-4`. Names like `my-project` do not count. */
function regionInName(projectName: Resolved | undefined): string | undefined {
    const prefix = projectName?.value.split("_")[0] ?? "";
    return cloudOfRegion(prefix) !== undefined || /^[a-z]{2}-[a-z]+-\d+$/.test(prefix) ? prefix : undefined;
}

/** The region that these layers name, else the one that the name of their project begins with. */
function regionIn(layers: readonly Layer[]): Resolved | undefined {
    const name = chooseTogether(layers, "projectId", "projectName").projectName;
    return firstIn(layers, "region") ?? inferred(regionInName(name), `project name in ${name?.source}`);
}

/**
 * Layers of the same tools as `own`: OpenStack's variables and files are not meant for Huawei's, nor theirs for those.
 */
export function toolsOf(layers: readonly Layer[], own: Layer | undefined): readonly Layer[] {
    if (own === undefined || own.kind === "stack") return layers;
    return layers.filter((layer) => layer.kind === "stack" || isOfOpenStack(layer) === isOfOpenStack(own));
}

const isOfOpenStack = (layer: Layer) => layer.isOpenStack === true;

/**
 * The layers whose project is of the region in use: a region in a higher place takes the place of the one that the
 * environment or clouds.yaml names; the project that is named there stays that one's.
 */
export function sameRegionLayers(layers: readonly Layer[], region: string | undefined): readonly Layer[] {
    const below = layers.filter((layer) => layer.kind !== "stack");
    const regionOf = (layer: Layer) =>
        (
            layer.get("region") ??
            firstIn(toolsOf(below, layer), "region") ??
            regionIn([layer]) ??
            firstIn(below, "region")
        )?.value;
    return layers.filter((layer) => {
        const own = layer.kind === "stack" ? undefined : regionOf(layer);
        return own === undefined || region === undefined || own === region;
    });
}

/** Is this an address on this machine, as a test's is? */
function isLoopbackUrl(text: string): boolean {
    return URL.canParse(text) && isLoopback(new URL(text).hostname);
}

/** One setting that says where credentials are good, from the first layer where it fits them. */
class Fitting {
    readonly #own: Layer | undefined;
    /** What tells the cloud of the credentials, and that cloud. */
    readonly #home: { readonly told: string; readonly family: KnownFamily } | undefined;
    readonly #warnings: string[];

    constructor(layers: readonly Layer[], own: Layer | undefined, warnings: string[]) {
        this.#own = own;
        this.#warnings = warnings;
        const mine = layers.filter((layer) => layer === own || (layer.kind === "stack" && own !== undefined));
        const region = regionIn(mine)?.value ?? "";
        const account = accountIn(mine).domainName?.value ?? "";
        const [ofRegion, ofAccount] = [cloudOfRegion(region), familyOfAccount(account)];
        if (ofRegion !== undefined) this.#home = { told: `for region ${region}`, family: ofRegion };
        else if (ofAccount !== undefined) this.#home = { told: `of account ${account}`, family: ofAccount };
        else this.#home = undefined;
    }

    /**
     * What was left over from another cloud, or for other tools, is left aside with a warning; what stands beside the
     * credentials, or in stack configuration, is used whatever it says.
     */
    first(
        layers: readonly Layer[],
        field: "authUrl" | "cloud",
        read: (found: Resolved) => { value: Resolved; family: CloudFamily },
    ): Resolved | undefined {
        for (const layer of layers) {
            const found = layer.get(field);
            if (found === undefined) continue;
            if (layer === this.#own || layer.kind === "stack" || this.#home === undefined) return read(found).value;
            const value = this.#ifFits(layer, found, read);
            if (value !== undefined) return value;
            this.#warnings.push(
                `Not used: ${found.source}, because the credentials are ${this.#home.told} of ` +
                    `${FAMILY_NAMES[this.#home.family]}.`,
            );
        }
        return undefined;
    }

    #ifFits(
        layer: Layer,
        found: Resolved,
        read: (found: Resolved) => { value: Resolved; family: CloudFamily },
    ): Resolved | undefined {
        // Whoever has the credentials in stack configuration may have the shell for something else.
        const isForTheseTools = this.#own?.kind !== "stack" && toolsOf([layer], this.#own).length > 0;
        try {
            const { value, family } = read(found);
            if (family !== "custom") return family === this.#home?.family ? value : undefined;
            return isForTheseTools || isLoopbackUrl(value.value) ? value : undefined;
        } catch (error) {
            if (isForTheseTools || !(error instanceof ConfigError)) throw error;
            return undefined;
        }
    }
}

/**
 * Nothing of this depends on the order of OS_* names.
 * @param layers In the order that region and project are taken from.
 * @param own The layer of the credentials: where it has the address of IAM, no lower one names the cloud.
 */
export function placeOf(layers: readonly Layer[], own: Layer | undefined, warnings: string[]): Place {
    const belonging = belongingFirst(layers, own);
    const fitting = new Fitting(belonging, own, warnings);
    const authUrl = fitting.first(belonging, "authUrl", (found) => {
        const value = authUrlOf(found);
        return { value, family: familyOf(readIamHost(value.value)?.cloud ?? "custom") };
    });
    const host = authUrl === undefined ? undefined : readIamHost(authUrl.value);
    const hasAddress = authUrl !== undefined && own?.get("authUrl")?.source === authUrl.source;
    const naming = hasAddress ? belonging.slice(0, belonging.indexOf(own) + 1) : belonging;
    const namedCloud = fitting.first(naming, "cloud", ({ value, source }) => {
        const cloud = normaliseCloud(value, source);
        return { value: { value: cloud, source }, family: familyOf(cloud) };
    });
    const region =
        regionIn(toolsOf(layers, own)) ??
        regionIn(layers) ??
        inferred(host?.region, `host name in ${authUrl?.source}`) ??
        inferred(namedCloud && ONLY_REGION[namedCloud.value], `the only region of ${namedCloud?.value}`);
    const cloud = namedCloud ??
        inferred(host?.cloud, `host name in ${authUrl?.source}`) ??
        inferred(authUrl && "custom", `${authUrl?.source} is no address of a cloud we know`) ??
        inferred(region && cloudOfRegion(region.value), `region ${region?.value} in ${region?.source}`) ?? {
            value: "huaweicloud",
            source: "default",
        };
    return { region, authUrl, cloud };
}
