/** For the program's process: Pulumi tells a program a resource's id only once the engine has stored the resource. */
import { createJournal, type Journal } from "./journal";
import { fileStore } from "./note-store";

let journal: Journal | undefined;

/** The notes of the requests that made it have served. */
export async function forgetStored(urn: string, id: string): Promise<void> {
    journal ??= createJournal(fileStore());
    for (const note of await journal.find(urn)) if (note.resourceId === id) journal.remove(note);
}
