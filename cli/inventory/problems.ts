/** What the commands say when something could not be looked at, or is not there. */
import { displayText } from "../../provider/client/errors/redaction";
import { type Io, UsageError } from "../command";
import type { Inventory } from "./inventory";
import { problemInWords } from "./words";

/** A name that no vault has is a typing error, unless a region that may have it could not be read. */
export function checkVaults(inventory: Inventory, vaults: readonly string[]): void {
    if (inventory.problems.length > 0) return;
    const names = [...new Set(inventory.vaults.map(({ name }) => name))].sort();
    for (const vault of vaults)
        if (!inventory.vaults.some(({ id, name }) => id === vault || name === vault))
            throw new UsageError(
                `--vault is ${JSON.stringify(vault)}, but there is no vault of this name or id; ` +
                    `${names.length === 0 ? "there is none at all" : `there are ${names.join(", ")}`}`,
            );
}

/** So is one that nothing there has. */
export function checkResources(inventory: Inventory, resources: readonly string[]): void {
    if (inventory.problems.length > 0 || resources.length === 0) return;
    const known = new Set([
        ...inventory.vaults.flatMap((vault) => vault.resources.flatMap(({ id, name }) => [id, name])),
        ...inventory.backups.flatMap(({ resourceId, resourceName }) => [resourceId, resourceName]),
    ]);
    for (const resource of resources)
        if (!known.has(resource))
            throw new UsageError(
                `--resource is ${JSON.stringify(resource)}, but no vault protects, and no backup is of, ` +
                    "anything of this name or id",
            );
}

/** Exit code: 1 when some were not looked at. */
export function reportProblems(inventory: Inventory, io: Io): number {
    for (const problem of inventory.problems) io.err(`${displayText(problemInWords(problem))}\n`);
    return inventory.problems.length > 0 ? 1 : 0;
}
