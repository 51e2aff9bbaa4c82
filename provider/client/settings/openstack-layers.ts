/** OS_* variables and the clouds.yaml entry as layers: what OpenStack's tools make of one is one rule for both. */
import { expandHome, type FileAccess } from "./clouds-files";
import { builtInProfile, type CloudsYamlEntry } from "./clouds-yaml";
import {
    CLOUDS_YAML,
    type Env,
    environmentLayer,
    firstOf,
    type Layer,
    type Names,
    OS_OPENSTACK,
    type Resolved,
} from "./sources";

type Get = Layer["get"];

const FILES: ReadonlySet<string> = new Set(["caFile", "certFile", "keyFile"]);

/** `password`, `v3password`, `v3totp`, `v3multifactor` → password; `token`, `v3token` → token; undefined for others. */
function wayOf(authType: string): "password" | "token" | undefined {
    if (/^(v[23])?token$/.test(authType)) return "token";
    return /^((v[23])?password|v3totp|v3multifactor)$/.test(authType) ? "password" : undefined;
}

const other = (way: "password" | "token") => (way === "token" ? "password" : "token");

/** OS_* variables, in the order of the tools of the cloud. */
export function openStackLayer(env: Env, names: Names): Layer {
    const plain = environmentLayer(env, names);
    const profile = env["OS_PROFILE"]?.trim() ?? "";
    const builtIn = builtInProfile(profile);
    const source = "environment variable OS_PROFILE";
    const regionOfProject = plain.get("projectName")?.value.split("_")[0];
    const get: Get = (field) => {
        const found = plain.get(field);
        // A list of names with commas is an old way to give several: the first counts.
        if (field === "region" && found !== undefined)
            return { value: found.value.split(",")[0]?.trim() ?? "", source: found.source };
        if (found !== undefined || builtIn === undefined) return found;
        if (field === "region") {
            const region = builtIn.regions.find((one) => one === regionOfProject) ?? builtIn.regions[0];
            return region === undefined ? undefined : { value: region, source };
        }
        return field === "authUrl" ? { value: builtIn.authUrl, source } : undefined;
    };
    const way = wayOf(env["OS_AUTH_TYPE"]?.trim() ?? "");
    return {
        kind: "environment",
        isOpenStack: true,
        // Terraform's providers know one account; a project's that is left over from elsewhere is none of theirs.
        hasProjectDomain: names === OS_OPENSTACK,
        ...(way === undefined ? {} : { excludedWay: other(way) }),
        get,
    };
}

/** Why nobody can sign in with this entry here, if so. */
export function unusable(entry: CloudsYamlEntry): string | undefined {
    const authType = entry.values["auth_type"] ?? entry.values["auth_plugin"];
    if (authType !== undefined && wayOf(authType) === undefined)
        return (
            `clouds.yaml entry ${entry.name} signs in by auth_type ${authType}, ` +
            "but here only password and token are known"
        );
    if (entry.isProfileUnknown && entry.values["auth.auth_url"] === undefined)
        return (
            `clouds.yaml entry ${entry.name} is built on profile "${entry.profile}", which is neither in ` +
            "clouds-public.yaml nor built in (otc, otc-swiss), and has no auth_url of its own"
        );
    return undefined;
}

/**
 * The entry. Its password comes before its access key, and its token only with an `auth_type` or without a password.
 */
export function cloudsYamlLayer(entry: CloudsYamlEntry, files: FileAccess): Layer {
    const where = (key: string) => `clouds.yaml entry ${entry.name}: ${key}`;
    const get: Get = (field): Resolved | undefined => {
        if (field === "insecure" && /^(false|no|off|0)$/i.test(entry.values["verify"] ?? ""))
            return { value: "true", source: where("verify") };
        const found = firstOf(field, CLOUDS_YAML, (key) => entry.values[key], where);
        return found === undefined || !FILES.has(field)
            ? found
            : { value: expandHome(found.value, files), source: found.source };
    };
    const way = wayOf(entry.values["auth_type"] ?? entry.values["auth_plugin"] ?? "");
    return {
        kind: "file",
        isOpenStack: true,
        hasProjectDomain: true,
        firstWay: way ?? "password",
        ...(way === undefined ? {} : { excludedWay: other(way) }),
        get,
    };
}
