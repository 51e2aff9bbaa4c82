/** `pulumi-cbr prune`: deletes backups and copies that no given state holds. Shows them first. */
import { parseArgs } from "node:util";
import { displayText, redact } from "../../provider/client/errors/redaction";
import type { Log, Services } from "../../provider/services/context";
import { type Command, durationOf, type Io, UsageError, wholeNumber } from "../command";
import { type Inventory, readInventory } from "../inventory/inventory";
import { checkVaults, reportProblems } from "../inventory/problems";
import { restorePoints } from "../inventory/restore-points";
import { openSession, type Session, type SourceValues, sourceOptions, sourceUsage } from "../inventory/session";
import { execute, type Result } from "./execute";
import { type Decision, plan, type Rules } from "./plan";
import { asJson, planAsText, resultLine, resultsAsText } from "./report";

/** A restore point that an interrupted \`pulumi up\` has left may be adopted by the next one for this long. */
const DEFAULT_AGE = "24h";
const DEFAULT_TIMEOUT = "30m";

export const prune: Command = {
    usage: `Usage: pulumi-cbr prune (--stack NAME | --state FILE) (--keep N | --older-than TIME) [options]

Shows which backups and copies may go because none of the given states holds them, and with --yes deletes them, and
waits for each. Give the states of every stack that has backups here: what is held by a stack that is not given, is not
known. Never deleted are: what a state names anywhere, the last good restore point of a resource, its last good copy in
a region, what is running, being restored or imported from on premises, and, unless asked for, what a policy made.

Options:
  --keep N              the newest N good ones of each resource stay, restore points and copies counted apart
  --per WHAT            count for --keep by resource (default) or by vault: then whole restore points
  --older-than TIME     only what is older, e.g. 30d (default ${DEFAULT_AGE})
  --include-automatic   also what a policy made, or what was taken with autoTrigger
  --nothing-held        none of the states has a resource of this package, and that is right
  --yes                 delete; without it nothing is
  --timeout TIME        how long to wait for each deletion (default ${DEFAULT_TIMEOUT})
${sourceUsage}
  --vault NAME          only in this vault, by name or id; may be given several times
  --json                the same as data
  --help, --version

Exit code: 0 shown, or all deleted; 1 some could not be deleted, or nothing was, because something could not be looked
at; 2 wrong usage.
`,
    async run(args, io) {
        const { values } = parseArgs({
            args: [...args],
            options: {
                ...sourceOptions,
                keep: { type: "string" },
                per: { type: "string", default: "resource" },
                "older-than": { type: "string" },
                "include-automatic": { type: "boolean", default: false },
                "nothing-held": { type: "boolean", default: false },
                yes: { type: "boolean", default: false },
                timeout: { type: "string", default: DEFAULT_TIMEOUT },
                vault: { type: "string", multiple: true },
                json: { type: "boolean", default: false },
            },
        });
        const rules = rulesOf(values);
        const timeoutMs = durationOf("timeout", values.timeout);
        const session = await openSession(values, io);
        try {
            const inventory = await readInventory(session);
            checkVaults(inventory, rules.vaults);
            const decisions = plan(session, inventory, restorePoints(inventory, session.holders), rules);
            const blockers = blockersOf(session, inventory, values["nothing-held"]);
            const run = { session, inventory, decisions, blockers, io, isJson: values.json };
            return values.yes && blockers.length === 0 ? await deleteAll(run, timeoutMs) : show(run, values.yes);
        } finally {
            await session.close();
        }
    },
};

function rulesOf(
    values: SourceValues & {
        readonly keep?: string | undefined;
        readonly per: string;
        readonly "older-than"?: string | undefined;
        readonly "include-automatic": boolean;
        readonly vault?: readonly string[] | undefined;
    },
): Rules {
    if (values.stack === undefined && values.state === undefined)
        throw new UsageError("needs --stack or --state: without states nothing is known to be held");
    const { keep, per, "older-than": olderThan } = values;
    if (keep === undefined && olderThan === undefined)
        throw new UsageError("needs --keep or --older-than, or both: what may go?");
    if (per !== "resource" && per !== "vault")
        throw new UsageError(`--per is ${JSON.stringify(per)}, but must be resource or vault`);
    return {
        keep: keep === undefined ? undefined : wholeNumber("keep", keep, 0, 100_000),
        per,
        olderThanMs: durationOf("older-than", olderThan ?? DEFAULT_AGE),
        includeAutomatic: values["include-automatic"],
        vaults: values.vault ?? [],
    };
}

interface Run {
    readonly session: Session;
    readonly inventory: Inventory;
    readonly decisions: readonly Decision[];
    readonly blockers: readonly string[];
    readonly io: Io;
    readonly isJson: boolean;
}

/** Why nothing may be deleted, whatever the plan says: what is not known might be held. */
function blockersOf(session: Session, inventory: Inventory, nothingHeld: boolean): string[] {
    const pending = session.states.flatMap((state) =>
        state.pending.map(
            (urn) =>
                `${state.source}: an operation of ${urn} is under way or was interrupted: run \`pulumi ` +
                `up\` or \`pulumi refresh\` first`,
        ),
    );
    const isEmpty = session.states.every(({ resources }) => resources.every(({ kind }) => kind === undefined));
    return [
        ...pending,
        ...(isEmpty && !nothingHeld
            ? [
                  "none of the given states has a resource of this package: are they the right ones? If " +
                      "so, give --nothing-held",
              ]
            : []),
        ...(inventory.problems.length > 0 ? ["not everything could be looked at"] : []),
    ];
}

function show({ inventory, decisions, blockers, io, isJson }: Run, wanted: boolean): number {
    const hint = decisions.some(({ action }) => action === "delete") ? "Nothing was deleted: that takes --yes.\n" : "";
    io.out(isJson ? redact(asJson(decisions, undefined, blockers)) : `${planAsText(decisions)}${wanted ? "" : hint}`);
    const code = reportProblems(inventory, io);
    for (const blocker of blockers)
        io.err(`${wanted ? "Nothing was deleted" : "--yes would delete nothing"}: ${displayText(blocker)}\n`);
    return wanted && blockers.length > 0 ? 1 : code;
}

async function deleteAll({ session, decisions, blockers, io, isJson }: Run, timeoutMs: number): Promise<number> {
    if (!isJson) io.out(planAsText(decisions));
    const stopping = new AbortController();
    void io.interrupted().then(() => {
        stopping.abort();
        session.abort();
    });
    let after: Services | undefined;
    const results = await execute(
        decisions.filter((one) => one.action === "delete"),
        {
            session,
            timeoutMs,
            stop: stopping.signal,
            servicesAfterStop: () => (after ??= session.servicesAfterAbort()),
            log: quietLog(io),
            onResult: (result) => {
                if (!isJson) io.out(resultLine(result));
            },
        },
    );
    io.out(isJson ? redact(asJson(decisions, results, blockers)) : closing(results));
    return results.every(({ outcome }) => outcome === "deleted") ? 0 : 1;
}

function closing(results: readonly Result[]): string {
    return results.length === 0 ? "" : resultsAsText(results);
}

/** Progress of single deletions is no news; what went wrong is. */
function quietLog(io: Io): Log {
    return { status: () => {}, info: () => {}, warn: (text) => io.err(`warning: ${displayText(text)}\n`) };
}
