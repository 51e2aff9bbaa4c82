/** What environment and files add to an explicit provider, which may be of another account than the shell. */
import { type Field, type Layer, type OpenStackField, textOf } from "./sources";

/** `cbr.Provider` sets it, so that its inputs are told from stack configuration. */
const MARK = "cbr:explicitProvider";

const WHO = ["token", "accessKey", "userName", "userId", "identityProvider", "instanceAgency"] as const;
const PROJECT_AND_AGENCY = [
    ...["projectId", "projectName"],
    ...["agencyName", "agencyDomainName", "agencyDomainId", "agencyProjectName", "agencyDurationSeconds"],
] as const;

const names = (layer: Layer, fields: readonly Field[]) => fields.some((field) => layer.get(field) !== undefined);

/** Does `layer` name one of these, and another than `provider` does? */
const isOthers = (layer: Layer, provider: Layer, fields: readonly Field[]) =>
    fields.some((field) => {
        const value = layer.get(field)?.value;
        return value !== undefined && value !== provider.get(field)?.value;
    });

/**
 * A layer below the provider's own, as the provider sees it. With credentials of its own it takes nobody else's
 * project, agency or credentials; half of a credential it may take from a place that has not the other half of another
 * one. With an agency of its own it takes no project and no agency.
 */
export function belowProvider(provider: Layer, get: (key: string) => unknown): (layer: Layer) => Layer {
    const hasWho = names(provider, WHO);
    if (textOf(get(MARK)) === undefined || !(hasWho || names(provider, ["agencyName"]))) return (layer) => layer;
    const hidden = new Set<string>([...PROJECT_AND_AGENCY, ...(hasWho ? [...WHO, "passcode"] : [])]);
    const isHidden = (layer: Layer, field: Field | OpenStackField) => {
        if (hidden.has(field)) return true;
        if (!hasWho) return false;
        if (field === "idToken" || field === "idTokenFile") return isOthers(layer, provider, ["identityProvider"]);
        if (field === "password") return isOthers(layer, provider, ["userName", "userId"]);
        return (field === "secretKey" || field === "securityToken") && isOthers(layer, provider, ["accessKey"]);
    };
    return (layer) => ({ ...layer, get: (field) => (isHidden(layer, field) ? undefined : layer.get(field)) });
}
