/** What of a Terraform state can be adopted, and why the rest cannot. */
import type { TerraformResource } from "./terraform";

export interface Adoption {
    readonly address: string;
    /** In the program. */
    readonly name: string;
    readonly vaultId: string;
    readonly region: string | undefined;
    readonly checkpointId: string;
    readonly checkpointName: string | undefined;
}

export interface Refusal {
    readonly address: string;
    readonly reason: string;
}

export interface AdoptionPlan {
    readonly adoptions: readonly Adoption[];
    readonly refusals: readonly Refusal[];
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** By kind, without provider and version. */
const REASONS: ReadonlyMap<string, string> = new Map([
    ["vault", "vaults stay where they are managed: keep it in Terraform"],
    ["policy", "policies stay where they are managed: keep it in Terraform"],
    ["vault_policies_associate", "vaults and policies stay where they are managed: keep it in Terraform"],
    ["vault_set_resource", "vaults stay where they are managed: keep it in Terraform"],
    ["vault_migrate_resources", "it was done once; there is nothing to manage on"],
    [
        "replicate_backup",
        "its id names nothing in the cloud. A BackupReplica of the same backup and vault asks the cloud " +
            "for the copy, which skips what is there and is then adopted; its replica is never deleted by the stack",
    ],
    ["checkpoint_copy", "it was a run, and left nothing to adopt. A VaultReplication is the next run"],
    ["checkpoint_sync", "it was a run, and left nothing to adopt. A VaultSync is the next run"],
    ["restore", "it was done once. Pulumi does not restore; `pulumi-cbr restore` does, and asks first"],
]);

export function planAdoption(resources: readonly TerraformResource[]): AdoptionPlan {
    const adoptions: Adoption[] = [];
    const refusals: Refusal[] = [];
    const names = new Set<string>();
    const seen = new Map<string, string>();
    for (const resource of resources) {
        const { address, kind, attributes } = resource;
        const reason = kind === "checkpoint" ? whyNot(resource, seen) : otherReason(kind);
        if (reason !== undefined) {
            refusals.push({ address, reason });
            continue;
        }
        const checkpointId = String(attributes["id"]);
        seen.set(checkpointId.toLowerCase(), address);
        adoptions.push({
            address,
            name: uniqueName(address, names),
            vaultId: String(attributes["vault_id"]),
            region: given(attributes["region"]),
            checkpointId,
            checkpointName: given(attributes["name"]),
        });
    }
    return { adoptions, refusals };
}

function whyNot(
    { attributes, isTainted, address }: TerraformResource,
    seen: ReadonlyMap<string, string>,
): string | undefined {
    const id = given(attributes["id"]);
    const vaultId = given(attributes["vault_id"]);
    if (id === undefined || !UUID.test(id)) return "its state has no id of a restore point";
    if (vaultId === undefined || !UUID.test(vaultId)) return "its state has no id of a vault";
    if (address.includes("(deposed ")) return "Terraform has replaced it and is still to destroy it";
    if (isTainted) return "Terraform has it as tainted: look first whether its backups are good";
    const other = seen.get(id.toLowerCase());
    return other === undefined ? undefined : `it is the same restore point as ${other}`;
}

function otherReason(kind: string): string {
    if (/^(csbs|vbs)_/.test(kind))
        return "CSBS and VBS came before CBR, and their backups are not CBR's: keep it in Terraform";
    return REASONS.get(kind) ?? "this package has nothing that corresponds to it: keep it in Terraform";
}

/** `module.app.huaweicloud_cbr_checkpoint.nightly["a b"]` → `app-nightly-a-b`. */
function uniqueName(address: string, taken: Set<string>): string {
    const words = address
        .replace(/\b[a-z0-9]+_cbr_\w+\./, "")
        .replaceAll("module.", "")
        .split(/[^\p{L}\p{N}_-]+/u)
        .filter((word) => word !== "");
    const stem = words.join("-") || "checkpoint";
    let name = stem;
    for (let count = 2; taken.has(name); count++) name = `${stem}-${count}`;
    taken.add(name);
    return name;
}

function given(value: unknown): string | undefined {
    return typeof value === "string" && value !== "" ? value : undefined;
}
