import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { fileHolderStore } from "../../provider/pulumi/holder-store";
import type { HolderEvent } from "../../provider/services/holders";

const urn = (name: string, stack = "dev") => `urn:pulumi:${stack}::p::pulumi-nodejs:dynamic/cbr:BackupReplica::${name}`;
const held = (name: string, at: number, stack?: string): HolderEvent => ({
    urn: urn(name, stack),
    at,
    what: "held",
    holding: { identity: name, keys: [`key of ${name}`] },
});
/** No process has it: above the largest that a system gives. */
const ENDED = 2 ** 30;
const urns = (events: readonly HolderEvent[]) => events.map((event) => event.urn.split("::").at(-1));

function temporaryFolder(): string {
    const folder = mkdtempSync(join(tmpdir(), "pulumi-cbr-holders-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    return folder;
}

it("tells the other processes of a run, and keeps earlier runs and other stacks apart", () => {
    const folder = temporaryFolder();
    // This process and its parent run; a store of another process is one with another number.
    const [ours, theirs] = [
        fileHolderStore(folder, "127.0.0.1:1"),
        fileHolderStore(folder, "127.0.0.1:1", process.ppid),
    ];
    fileHolderStore(folder, "127.0.0.1:1", ENDED).append(held("ended", 1));
    theirs.append(held("theirs", 3));
    theirs.append(held("elsewhere", 3, "prod"));
    ours.append(held("ours", 2));
    expect(urns(ours.ofThisRun(urn("x")))).toEqual(["theirs"]);
    expect(urns(ours.ofEarlierRuns(urn("x")))).toEqual(["ended"]);
    expect(urns(theirs.ofThisRun(urn("x")))).toEqual(["ours"]);
    theirs.append(held("later", 4));
    expect(urns(ours.ofThisRun(urn("x")))).toEqual(["theirs", "later"]);
    // The same address can be another engine's, later.
    expect(urns(fileHolderStore(folder, "127.0.0.1:2").ofEarlierRuns(urn("x")))).toEqual(["ended", "theirs", "later"]);
});

it("puts together what ended processes wrote: the last word on what still stands", () => {
    const folder = temporaryFolder();
    for (let index = 0; index < 12; index++) {
        const store = fileHolderStore(folder, "127.0.0.1:1", ENDED + index);
        store.append(held("stays", index));
        store.append({ urn: urn("went"), at: index, what: index === 11 ? "left" : "declared" });
    }
    const store = fileHolderStore(folder, "127.0.0.1:2");
    store.append(held("ours", 20));
    const [stack = ""] = readdirSync(folder);
    expect(readdirSync(join(folder, stack)).length).toBeLessThanOrEqual(9);
    const earlier = store.ofEarlierRuns(urn("x")).filter((event) => event.what === "held");
    expect(earlier.at(-1)).toMatchObject(held("stays", 11));
});

it("reads past what it cannot read, and does without a disk that cannot be written", () => {
    const folder = temporaryFolder();
    const store = fileHolderStore(folder, "127.0.0.1:1");
    store.append(held("ours", 1));
    const [stack = ""] = readdirSync(folder);
    writeFileSync(join(folder, stack, `${ENDED}.jsonl`), `{"half": \n[]\nnull\n${JSON.stringify(held("good", 2))}\n`);
    expect(urns(store.ofEarlierRuns(urn("x")))).toEqual(["good"]);

    const locked = join(temporaryFolder(), "locked");
    writeFileSync(locked, "");
    chmodSync(locked, 0o400);
    const without = fileHolderStore(join(locked, "holders"), "127.0.0.1:1");
    without.append(held("ours", 1));
    expect(without.ofThisRun(urn("x"))).toEqual([]);
});
