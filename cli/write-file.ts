/** Writes a file whole or not at all: something else may read it at any time. */
import { rename, rm, writeFile } from "node:fs/promises";
import { Failure } from "./command";

/** `option` names it in the error. */
export async function writeWhole(option: string, file: string, content: string): Promise<void> {
    const draft = `${file}.${process.pid}.tmp`;
    try {
        await writeFile(draft, content);
        await rename(draft, file);
    } catch (error) {
        await rm(draft, { force: true }).catch(() => {});
        throw new Failure(
            `${option} ${file} cannot be written: ${error instanceof Error ? error.message : String(error)}`,
        );
    }
}
