/** What a preview can say of regions without asking anybody. */
import { ConfigError } from "../client/errors/errors";
import { familyOf } from "../client/settings/clouds";
import { regionProblem } from "../client/settings/endpoints";
import { FAMILY_NAMES, type KnownFamily } from "../client/settings/regions";
import { requireRegion, type Settings } from "../client/settings/settings";
import type { Failure } from "./resource";

/** A region that is missing, that no table knows, or that is another cloud's, at the property that names it. */
export function regionFailures(
    settings: Settings,
    inputs: Readonly<Record<string, unknown>>,
    isUnknown: (value: unknown) => boolean,
): Failure[] {
    const failures: Failure[] = [];
    const check = (property: string, region: unknown) => {
        const reason = typeof region === "string" && !isUnknown(region) ? regionProblem(settings, region) : undefined;
        if (reason !== undefined) failures.push({ property, reason });
    };
    try {
        check("region", inputs["region"] ?? requireRegion(settings));
    } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        failures.push({ property: "region", reason: error.message });
    }
    check("destinationRegion", inputs["destinationRegion"]);
    return failures;
}

/**
 * Are these settings for that cloud? False also where nothing tells, as for addresses of one's own without `cbr:cloud`.
 */
export const isOfCloud = (settings: Settings, family: KnownFamily): boolean =>
    familyOf(settings.cloud.value) === family;

/** The name of the cloud that these settings are for, if it is one of these. */
export function cloudAmong(settings: Settings, families: readonly KnownFamily[]): string | undefined {
    const family = families.find((one) => isOfCloud(settings, one));
    return family === undefined ? undefined : FAMILY_NAMES[family];
}
