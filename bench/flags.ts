import { parseArgs } from "node:util";
import { allOperations, type Operation } from "./stack";

const partNames = ["load", "deployments", "waiting", "peer", "soak", "scale", "faults", "state"] as const;
export type PartName = (typeof partNames)[number];

export const usage = `npm run bench -- [flags]

  --only NAME      ${partNames.join(", ")}; may be given several times. Default: the first three
  --n LIST         numbers of checkpoints on the engine, also of --only state, default 1,100,1000
  --rounds N       rounds of each, default 3
  --parallel N     --parallel of the engine, default 1000
  --operations LIST  up, which is always there, preview, refresh, destroy. Default: all; with 5 s backups up and destroy
  --per-vault N    checkpoints that share a vault, default 100
  --waiting N      handlers that wait at once, default 10000
  --faults PERCENT of the requests that fail in --only faults, default 5; its minutes are those of --soak
  --sizes LIST     others' backups in the vault for --only scale, default 1000,10000,50000
  --quick          --n 1,20 --rounds 1 --waiting 500: does it run at all?
  --peer           also the comparison with the Terraform provider
  --soak MINUTES   also repeated up, refresh and destroy
  --json FILE      writes the figures; what FILE has already and is not measured now stays in it, other numbers of checkpoints too
  --svg FILE       draws the chart
  --from FILE      measures nothing: table and chart from figures written before`;

export interface BenchFlags {
    readonly parts: ReadonlySet<PartName>;
    readonly counts: readonly number[];
    readonly rounds: number;
    readonly parallel: number;
    readonly operations: readonly Operation[] | undefined;
    readonly perVault: number;
    readonly waiting: number;
    readonly faults: number;
    readonly sizes: readonly number[];
    readonly quick: boolean;
    readonly soakMinutes: number;
    readonly json: string | undefined;
    readonly svg: string | undefined;
    readonly from: string | undefined;
}

function operationFrom(text: string): Operation {
    const operation = allOperations.find((one) => one === text);
    if (operation === undefined) throw new Error(`--operations ${text}: it is one of ${allOperations.join(", ")}`);
    return operation;
}

/** Throws an Error that says which flag is wrong. */
export function parseFlags(args: readonly string[]): BenchFlags {
    const { values } = parseArgs({
        args: [...args],
        options: {
            only: { type: "string", multiple: true },
            n: { type: "string" },
            rounds: { type: "string" },
            parallel: { type: "string" },
            operations: { type: "string" },
            "per-vault": { type: "string" },
            waiting: { type: "string" },
            faults: { type: "string" },
            sizes: { type: "string" },
            quick: { type: "boolean" },
            peer: { type: "boolean" },
            soak: { type: "string" },
            json: { type: "string" },
            svg: { type: "string" },
            from: { type: "string" },
        },
    });
    const number = (name: string, text: string | undefined, otherwise: number) => {
        if (text === undefined) return otherwise;
        const value = Number(text);
        if (!(value > 0)) throw new Error(`--${name} ${text}: not a number above 0`);
        return value;
    };
    const quick = values.quick === true;
    const parts = new Set<PartName>();
    for (const name of values.only ?? []) {
        const part = partNames.find((one) => one === name);
        if (part === undefined) throw new Error(`--only ${name}: it is one of ${partNames.join(", ")}`);
        parts.add(part);
    }
    if (parts.size === 0 && values.from === undefined) for (const part of partNames.slice(0, 3)) parts.add(part);
    if (values.peer === true) parts.add("peer");
    if (values.soak !== undefined && !parts.has("faults")) parts.add("soak");
    return {
        parts,
        counts: (values.n ?? (quick ? "1,20" : "1,100,1000")).split(",").map((text) => number("n", text, 1)),
        rounds: number("rounds", values.rounds, quick ? 1 : 3),
        parallel: number("parallel", values.parallel, 1_000),
        operations: values.operations?.split(",").map(operationFrom),
        perVault: number("per-vault", values["per-vault"], 100),
        waiting: number("waiting", values.waiting, quick ? 500 : 10_000),
        faults: number("faults", values.faults, 5),
        sizes: (values.sizes ?? (quick ? "100,2000" : "1000,10000,50000"))
            .split(",")
            .map((text) => number("sizes", text, 1)),
        quick,
        soakMinutes: number("soak", values.soak, 10),
        json: values.json,
        svg: values.svg,
        from: values.from,
    };
}
