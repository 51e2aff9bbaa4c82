/**
 * What a Terraform (or OpenTofu) state has of CBR: the file of state version 4, or the output of `terraform show
 * -json`.
 */
import { Failure } from "../command";

export interface TerraformResource {
    /** `module.app.huaweicloud_cbr_checkpoint.nightly["a"]` */
    readonly address: string;
    /** `huaweicloud_cbr_checkpoint` */
    readonly type: string;
    /** What is left of the type without its provider and version: `checkpoint`. */
    readonly kind: string;
    readonly attributes: Readonly<Record<string, unknown>>;
    /** Terraform would replace it: it was made half. */
    readonly isTainted: boolean;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
    typeof value === "object" && value !== null && !Array.isArray(value);
const objects = (value: unknown): Record<string, unknown>[] => (Array.isArray(value) ? value.filter(isObject) : []);
const text = (value: unknown): string => (typeof value === "string" ? value : "");

/** `huaweicloud_cbr_checkpoint`, `opentelekomcloud_cbr_vault_v3`; and CSBS and VBS, which came before CBR. */
const TYPE = /^[a-z0-9]+_(?:cbr_(\w+?)|((?:csbs|vbs)_\w+?))(?:_v\d+)?$/;

export function parseTerraform(content: string, file: string): readonly TerraformResource[] {
    let state: unknown;
    try {
        state = JSON.parse(content);
    } catch {
        throw new Failure(`${file} is no JSON: give a terraform.tfstate, or what \`terraform show -json\` wrote`);
    }
    if (isObject(state) && state["encrypted_data"] !== undefined)
        throw new Failure(`${file} is encrypted: give what \`tofu state pull\` or \`tofu show -json\` writes`);
    if (isObject(state) && isObject(state["values"])) return ofModule(state["values"]["root_module"]);
    // An empty state has an empty list.
    if (!isObject(state) || state["version"] !== 4 || !Array.isArray(state["resources"]))
        throw new Failure(
            `${file} is no Terraform state of version 4: give a terraform.tfstate, or what \`terraform ` +
                `show -json\` wrote`,
        );
    return objects(state["resources"]).flatMap(ofState);
}

function ofState(resource: Record<string, unknown>): TerraformResource[] {
    if (resource["mode"] !== "managed") return [];
    const module = text(resource["module"]);
    const base = `${module === "" ? "" : `${module}.`}${text(resource["type"])}.${text(resource["name"])}`;
    return objects(resource["instances"]).flatMap((instance) => {
        const key = instance["index_key"];
        const index = key === undefined || key === null ? "" : `[${JSON.stringify(key)}]`;
        // An instance that is only waiting to be destroyed.
        const deposed = text(instance["deposed"]);
        const address = `${base}${index}${deposed === "" ? "" : ` (deposed ${deposed})`}`;
        return made(address, text(resource["type"]), instance["attributes"], instance["status"] === "tainted");
    });
}

function ofModule(module: unknown): TerraformResource[] {
    if (!isObject(module)) return [];
    const own = objects(module["resources"])
        .filter((one) => one["mode"] === "managed")
        .flatMap((one) => made(text(one["address"]), text(one["type"]), one["values"], one["tainted"] === true));
    return [...own, ...objects(module["child_modules"]).flatMap(ofModule)];
}

function made(address: string, type: string, attributes: unknown, isTainted: boolean): TerraformResource[] {
    const [, cbr, older] = TYPE.exec(type) ?? [];
    const kind = cbr ?? older;
    if (kind === undefined || !isObject(attributes)) return [];
    return [{ address, type, kind, attributes, isTainted }];
}
