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
                `--vault is ${JSON.stringify(vault)}, but there is no vault of this name or id; ${names.length === 0 ? "there is none at all" : `there are ${names.join(", ")}`}`,
            );
}

/** Exit code: 1 when some were not looked at. */
export function reportProblems(inventory: Inventory, io: Io): number {
    for (const problem of inventory.problems) io.err(`${displayText(problemInWords(problem))}\n`);
    return inventory.problems.length > 0 ? 1 : 0;
}
