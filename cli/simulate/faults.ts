/** Faults from a file. */
import { readFile } from "node:fs/promises";
import { type Fault, parseFaults } from "../../sdk/testing";
import { cbrRoutes, iamRoutes } from "../../sdk/testing/api/routes";
import { Failure } from "../command";

export async function readFaults(file: string, regions: readonly string[]): Promise<Fault[]> {
    let text: string;
    try {
        text = await readFile(file, "utf8");
    } catch (error) {
        throw new Failure(`--faults ${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
    }
    let faults: Fault[];
    try {
        faults = parseFaults(text);
    } catch (error) {
        throw new Failure(`--faults ${file}: ${error instanceof Error ? error.message : String(error)}`);
    }
    // A fault that can never strike is a typing error.
    const operations = [...cbrRoutes, ...iamRoutes].map((route) => route.operation);
    for (const [index, { operation, region }] of faults.entries()) {
        if (operation !== undefined && !operations.includes(operation))
            throw new Failure(
                `--faults ${file}: faults[${index}].operation: there is no ${JSON.stringify(operation)}; ` +
                    `there are ${operations.join(", ")}`,
            );
        if (region !== undefined && !regions.includes(region))
            throw new Failure(
                `--faults ${file}: faults[${index}].region: ${JSON.stringify(region)} is not simulated; ` +
                    `${regions.join(", ")} are (--region)`,
            );
    }
    return faults;
}
