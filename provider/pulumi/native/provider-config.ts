/** The provider's configuration as the native host gets it: keys without a namespace, values as programs write them. */
import { ConfigError, messageOf } from "../../client/errors/errors";
import { resolveSettings } from "../../client/settings/settings";
import type { Failure } from "../../resource/resource";
import { opened, sealed } from "../secrets";
import { isUnknown, nameOf, type PropertyMap } from "../values";

/** They are kept secret, however they were given. */
const SECRET_SETTINGS = ["secretKey", "securityToken", "token", "password", "passcode"];

/** Reads `cbr:region` and so on. Pulumi: programs send what is no text as JSON. */
export function settingOf(config: PropertyMap): (key: string) => string | undefined {
    const plain = opened(config) as PropertyMap;
    return (key) => {
        const value = plain[key.replace(/^cbr:/, "")];
        if (value === undefined || value === null || isUnknown(value)) return undefined;
        return typeof value === "string" ? value : JSON.stringify(value);
    };
}

/** Pulumi's own names of the provider that resources have by default. */
const DEFAULT_NAME = /^default(_.*)?$/;

/**
 * With our mark where a program made the provider: its settings are not the stack's. Pulumi: what a check gives back is
 * stored, and what `configure` is given, also where no program runs.
 */
export function markedConfig(urn: string, config: PropertyMap): PropertyMap {
    return DEFAULT_NAME.test(nameOf(urn)) ? config : { ...config, explicitProvider: "true" };
}

/** As it is to be stored: secrets secret. */
export function sealedConfig(config: PropertyMap): PropertyMap {
    const entries = Object.entries(config).map(([key, value]) => {
        const isOpen = SECRET_SETTINGS.includes(key) && typeof value === "string" && !isUnknown(value);
        return [key, isOpen ? sealed(value) : value];
    });
    return Object.fromEntries(entries);
}

/** Settings that make no sense, where all of them are known. */
export function checkConfig(config: PropertyMap, env: NodeJS.ProcessEnv): Failure[] {
    if (Object.values(opened(config) as PropertyMap).some(isUnknown)) return [];
    try {
        resolveSettings(settingOf(config), env);
        return [];
    } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        return [{ property: "", reason: messageOf(error) }];
    }
}

/** Keys whose values differ. Resources keep their own region and project, and compare these themselves. */
export function changedSettings(olds: PropertyMap, news: PropertyMap): string[] {
    const keys = new Set([...Object.keys(olds), ...Object.keys(news)]);
    const [before, after] = [settingOf(olds), settingOf(news)];
    return [...keys].filter((key) => before(key) !== after(key));
}
