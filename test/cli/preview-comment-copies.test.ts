// What a comment says of copies: how much they take, what is taken over, and what is only renamed.
import { describe, expect, it } from "vitest";
import { type CopyEstimate, copyLine, readCopyLine } from "../../provider/resources/copies/copy-estimate";
import { comment, finished } from "../support/previews/comments";

const urnOf = (kind: string, name: string) => `urn:pulumi:dev::shop::pulumi-nodejs:dynamic/cbr:${kind}::${name}`;

function create(kind: string, name: string, inputs: object = {}) {
    const urn = urnOf(kind, name);
    return { op: "create", urn, newState: { urn, inputs: { destinationRegion: "eu-nl", ...inputs }, outputs: {} } };
}

const some: CopyEstimate = {
    region: "eu-nl",
    backups: 2,
    resources: "db-1, web-1",
    diskGb: 140,
    unknownSizes: 0,
    there: 0,
    grows: false,
};

const said = (kind: string, name: string, estimate: Partial<CopyEstimate> = {}) => ({
    urn: urnOf(kind, name),
    severity: "info",
    message: `${copyLine({ ...some, ...estimate })}\n`,
});

/** The verdict of a preview that creates these copies. */
function verdictOf(steps: ReturnType<typeof create>[], diagnostics: object[]): string {
    return comment(finished(steps, { diagnostics })).split("\n\n")[1] ?? "";
}

describe("a comment on copies", () => {
    it("sums up what all of them take, and says it of each on its row", () => {
        const steps = [create("CheckpointReplica", "a"), create("BackupReplica", "b", { destinationRegion: "eu-ch2" })];
        const diagnostics = [
            said("CheckpointReplica", "a", { there: 1 }),
            said("BackupReplica", "b", {
                region: "eu-ch2",
                backups: 1,
                resources: "web-1",
                diskGb: 40,
                unknownSizes: 1,
            }),
        ];
        expect(verdictOf(steps, diagnostics)).toBe(
            "🛟 `shop/dev` **copies 3 backups** (at most 180 GB and 1 of unknown size) to `eu-ch2` and `eu-nl`.",
        );
        const text = comment(finished(steps, { diagnostics }));
        expect(text).toContain("2 backups (`db-1, web-1`), at most 140 GB; 1 more has a replica there already |");
        expect(text).toContain("1 backup (`web-1`), at most 40 GB and 1 of unknown size |");
    });

    it.each<[string, object[], object[], string]>([
        ["no number where none is known", [create("BackupReplica", "a")], [], "**copies backups** to `eu-nl`"],
        [
            "a lower bound where one of them is not known",
            [create("BackupReplica", "a"), create("BackupReplica", "b")],
            [said("BackupReplica", "a")],
            "**copies 2 backups or more** to `eu-nl`",
        ],
        [
            "a lower bound where a vault is copied of which a restore point is taken first",
            [create("Checkpoint", "cp"), create("VaultReplication", "a")],
            [said("VaultReplication", "a", { grows: true })],
            "takes **1 restore point**, **copies 2 backups or more** to `eu-nl`",
        ],
        [
            "no number where all that there is has a replica, and a restore point is taken first",
            [create("Checkpoint", "cp"), create("VaultReplication", "a")],
            [said("VaultReplication", "a", { backups: 0, there: 2, grows: true })],
            "takes **1 restore point**, **copies backups without a copy** to `eu-nl`",
        ],
        [
            "the number where the restore point that is taken is of another vault",
            [create("Checkpoint", "cp"), create("VaultReplication", "a")],
            [said("VaultReplication", "a")],
            "takes **1 restore point**, **copies 2 backups** (at most 140 GB) to `eu-nl`",
        ],
        [
            "an upper bound where nothing tells what has a replica",
            [create("VaultReplication", "a")],
            [said("VaultReplication", "a", { there: undefined })],
            "**copies up to 2 backups** (at most 140 GB) to `eu-nl`",
        ],
        [
            "an upper bound where two may copy the same",
            [create("VaultReplication", "a"), create("BackupReplica", "b")],
            [said("VaultReplication", "a"), said("BackupReplica", "b")],
            "**copies up to 4 backups** (at most 280 GB) to `eu-nl`",
        ],
        [
            "nothing where all are there",
            [create("CheckpointReplica", "a")],
            [said("CheckpointReplica", "a", { backups: 0, there: 2 })],
            "copies nothing to `eu-nl`, where all have a replica already",
        ],
    ])("says %s", (_, steps, diagnostics, words) => {
        expect(verdictOf(steps as ReturnType<typeof create>[], diagnostics)).toBe(`🛟 \`shop/dev\` ${words}.`);
    });

    it("says on its row that what the run takes before is copied, too", () => {
        const steps = [create("Checkpoint", "cp"), create("VaultReplication", "a"), create("VaultReplication", "b")];
        const diagnostics = [
            said("VaultReplication", "a", { grows: true, there: 1 }),
            said("VaultReplication", "b", { grows: true, backups: 0, there: 2 }),
        ];
        const text = comment(finished(steps, { diagnostics }));
        expect(text).toContain(
            "2 backups (`db-1, web-1`), at most 140 GB, and what this run takes before it; 1 more has a replica there already |",
        );
        expect(text).toContain(". What this run takes before it; 2 have a replica there already |");
    });

    it("says of a replica that is adopted that nothing is copied, and warns where it is deleted with the resource", () => {
        const adopt = "00000001-0000-4000-8000-000000000000";
        const text = comment(finished([create("BackupReplica", "a", { adopt, deletionPolicy: "delete" })]));
        expect(text.split("\n\n")[1]).toBe(
            "✅ **No restore point is taken, copied or deleted** in `shop/dev`; 1 resource takes over what is there.",
        );
        expect(text).toContain("| ➕ adopt | `a`<br>BackupReplica |");
        expect(text).toContain(`takes over existing replica \`${adopt}\` of backup `);
        expect(text).toContain("> ⚠️ `a` takes over what is there, with `deletionPolicy: delete`");
    });

    it("says that the other backups of a restore point are copied when some replicas are adopted", () => {
        const text = comment(
            finished([create("CheckpointReplica", "a", { adopt: ["r"] })], {
                diagnostics: [said("CheckpointReplica", "a", { backups: 1, resources: "db-1", diskGb: 100, there: 1 })],
            }),
        );
        expect(text.split("\n\n")[1]).toBe("🛟 `shop/dev` **copies 1 backup** (at most 100 GB) to `eu-nl`.");
        expect(text).toContain("takes over existing replicas `r` of backups of restore point ");
        expect(text).toContain("those without one are copied");
    });

    it("says of a new name that backups are renamed in the cloud", () => {
        const urn = urnOf("Checkpoint", "cp");
        const state = (name: string) => ({ urn, id: "i", inputs: { name }, outputs: { name } });
        const text = comment(finished([{ op: "update", urn, oldState: state("a"), newState: state("b") } as never]));
        expect(text.split("\n\n")[1]).toBe(
            "✅ **No restore point is taken, copied or deleted** in `shop/dev`; backups of 1 resource get another name in the cloud.",
        );
        expect(text).toContain(
            "| ✏️ rename | `cp`<br>Checkpoint | Its backups get another name in the cloud; nothing is taken or copied again |",
        );
    });
});

describe("the line of a copy", () => {
    const lines: CopyEstimate[] = [
        some,
        { ...some, backups: 1, resources: "a), at most 9 GB; b", there: 1 },
        { ...some, unknownSizes: 2, there: 3 },
        { ...some, diskGb: undefined, unknownSizes: 1, there: undefined },
        { region: "eu-nl", backups: 0, resources: "", diskGb: undefined, unknownSizes: 0, there: 2, grows: false },
        { region: "eu-nl", backups: 0, resources: "", diskGb: undefined, unknownSizes: 0, there: 2, grows: true },
        { ...some, grows: true },
        { ...some, there: 1, grows: true },
        { ...some, there: undefined, grows: true },
        { region: "eu-nl", backups: 0, resources: "", diskGb: undefined, unknownSizes: 0, there: 0, grows: false },
    ];

    it.each(lines.map((one) => [copyLine(one), one] as const))("is read as it was written: %s", (line, one) => {
        expect(readCopyLine(line)).toEqual(one);
    });

    it.each(["", "to copy to eu-nl: something", "to copy to eu-nl: 2 backups (a)", "copies to eu-nl: nothing"])(
        "is none of other lines: %s",
        (line) => expect(readCopyLine(line)).toBeUndefined(),
    );
});
