/** What a preview means for backups: which are taken, copied, kept and deleted, and why. */
import { type CopyEstimate, readCopyLine } from "../../../provider/resources/copies/copy-estimate";
import { plainMessage } from "../input/outcome";
import { isStack, type Preview, type Step } from "../input/preview";
import { type Hooks, hooksOf } from "./hooks";
import { ACTIONS, inOrder, isCopy, isOurs, type Kind, kindOf } from "./kinds";
import { type Leftover, leftoversOf } from "./leftovers";
import { Names } from "./names";
import { isCertain, renamesInCloud } from "./reasons";
import { type Rename, renamesOf } from "./renames";
import { textIn } from "./values";
import { deletedUnderAGet, warningsOf } from "./warnings";

/** A line of the table. */
export interface Row {
    readonly kind: Kind;
    /** `release`: a managed one becomes one that is only read. `forget`: a refresh finds that it is gone. */
    readonly op: "create" | "replace" | "update" | "delete" | "import" | "release" | "forget";
    readonly step: Step;
    /** A new thing comes into being in the cloud; not so for a change of settings or an adopted restore point. */
    readonly createsBackup: boolean;
    /**
     * False: Pulumi shows it as replaced, because it does not know a value that may come out as it was; or it finds
     * copies that another resource made, and makes those that are not there.
     */
    readonly isCertain: boolean;
    readonly action: string;
    /** Region that copies go to, where known. */
    readonly to: string | undefined;
    /** What copies would take, where the preview could look it up. */
    readonly estimate: CopyEstimate | undefined;
    readonly leftovers: readonly Leftover[];
}

export interface Plan {
    readonly names: Names;
    readonly rows: readonly Row[];
    readonly leftovers: readonly Leftover[];
    readonly renames: readonly Rename[];
    readonly hooks: Hooks;
    /** Markdown, one line each. */
    readonly warnings: readonly string[];
    /** Steps of other resources that change something. */
    readonly others: readonly Step[];
    /** All steps that change something, for the list of properties. */
    readonly changed: readonly Step[];
    readonly unchanged: number;
}

const CHANGING = ["create", "replace", "update", "delete", "import", "import-replacement", "discard"];

/** Has no life in any cloud: the stack, providers, and components of ours, whose parts are listed themselves. */
const isNobodys = (step: Step) =>
    isStack(step) ||
    step.type.startsWith("pulumi:providers:") ||
    (isOurs(step.type) && kindOf(step.type) === undefined);

/**
 * A managed resource that the program now only reads. With its own id it stays in the cloud; with another one Pulumi
 * replaces it, which deletes what it managed.
 */
const isRelease = (step: Step) =>
    step.old !== undefined &&
    !step.old.external &&
    (step.op === "read" || (step.op === "replace" && step.new?.external === true));

const isChange = (step: Step) =>
    (CHANGING.includes(step.op) || (isRelease(step) && kindOf(step.type) !== undefined)) && !isNobodys(step);

export function planOf(preview: Preview): Plan {
    const names = new Names(preview);
    const steps = inOrder(preview.steps);
    const changed = steps.filter(isChange);
    const rows: Row[] = [];
    const others: Step[] = [];
    const estimates = estimatesOf(preview);
    for (const step of changed) {
        const kind = kindOf(step.type);
        if (kind === undefined) others.push(step);
        else rows.push(withEstimate(rowOf(kind, step, names, preview.operation), estimates.get(step.urn)));
    }
    const leftovers = rows.flatMap((row) => row.leftovers);
    return {
        names,
        rows,
        leftovers,
        renames: preview.operation === "up" ? renamesOf(preview, changed) : [],
        hooks: hooksOf(preview, changed),
        warnings: [...deletedUnderAGet(steps, leftovers), ...steps.flatMap((step) => warningsOf(step, names, preview))],
        others,
        changed,
        unchanged: unchangedOf(preview),
    };
}

/** By URN: what the rows of copies say. */
function estimatesOf({ diagnostics }: Preview): Map<string, CopyEstimate> {
    return new Map(
        diagnostics.flatMap(({ urn, message }) => {
            const estimate = urn === undefined ? undefined : readCopyLine(plainMessage(message));
            return urn === undefined || estimate === undefined ? [] : [[urn, estimate] as const];
        }),
    );
}

/** What a new copy finds there is no longer in doubt once the preview has looked. */
function withEstimate(row: Omit<Row, "estimate">, estimate: CopyEstimate | undefined): Row {
    return { ...row, estimate, isCertain: row.isCertain || (row.op === "create" && estimate !== undefined) };
}

/** Resources that stay as they are. The stack counts as one for Pulumi, and for nobody else. */
function unchangedOf(preview: Preview): number {
    const isSame = (step: Step) => isStack(step) && (step.op === "same" || step.op === "refresh");
    return Math.max(0, (preview.counts["same"] ?? 0) - (preview.steps.some(isSame) ? 1 : 0));
}

function rowOf(kind: Kind, step: Step, names: Names, operation: Preview["operation"]): Omit<Row, "estimate"> {
    // A CheckpointReplica copies the backups whose replicas it is not given.
    const adopts = kind !== "CheckpointReplica" && step.new?.inputs["adopt"] !== undefined;
    const sure = isCertain(step, names);
    const [first, again] = ACTIONS[kind];
    const base = {
        kind,
        step,
        createsBackup: false,
        isCertain: sure,
        to: isCopy(kind) ? textIn(step.new?.inputs, "destinationRegion") : undefined,
        leftovers: [],
    };
    // A refresh changes the state, and nothing in the cloud.
    if (operation === "refresh")
        return step.op === "delete"
            ? { ...base, op: "forget", action: "forget" }
            : { ...base, op: "update", action: "note" };
    const leftovers = leftoversOf(kind, step, names, sure);
    if (isRelease(step)) return { ...base, op: "release", action: "let go", leftovers };
    switch (step.op) {
        case "create": {
            // Copies that are still there are taken over, others are made.
            const found =
                names.predecessor(step) !== undefined ||
                (kind === "CheckpointReplica" && step.new?.inputs["adopt"] !== undefined);
            const action = adopts || found ? "adopt" : first;
            return { ...base, op: "create", createsBackup: !adopts, isCertain: !found, action };
        }
        case "import":
        case "import-replacement":
            return { ...base, op: "import", action: "import" };
        case "replace": {
            const action = adopts ? "adopt" : sure ? again : `${again}, perhaps`;
            return { ...base, op: "replace", createsBackup: !adopts, action, leftovers };
        }
        case "update":
            return { ...base, op: "update", action: renamesInCloud(step) ? "rename" : "update" };
        default:
            return { ...base, op: "delete", action: "remove", leftovers };
    }
}
