import * as pulumi from "@pulumi/pulumi";

/**
 * Pulumi: a program learns an id only once the engine has stored the resource, unless it was told to store at the end
 * only. Then the notes on disk that would let another run go on from the request have served: `--replace` shows a
 * provider nothing of what the stack has, and must not be given the same again.
 */
export function settleWhenStored({ urn, id }: pulumi.CustomResource): void {
    if (pulumi.runtime.isDryRun() || /^(1|true)$/i.test(process.env["PULUMI_SKIP_CHECKPOINTS"] ?? "")) return;
    pulumi.all([urn, id]).apply(async ([known, own]) => {
        try {
            type Notes = typeof import("../provider/exactly-once/forget-stored");
            const { forgetStored } = require("../provider/exactly-once/forget-stored") as Notes;
            await forgetStored(known, own);
        } catch {
            // No program ends because of this: the next run settles the note.
        }
    });
}
