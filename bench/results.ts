/** What a run of the bench leaves behind, and what it says about our goals. */
import type { DeploymentFigures, OperationFigures } from "./deployments";
import type { FaultSoakFigures } from "./fault-soak";
import type { PartName } from "./flags";
import type { LoadFigures } from "./load-time";
import type { ScaleFigures } from "./scale";
import type { SoakFigures } from "./soak";
import type { Operation } from "./stack";
import type { StateFigures } from "./state-backend";
import type { WaitingFigures } from "./waiting";

export interface Results {
    readonly version: string;
    readonly machine: string;
    /** When each part was measured. */
    readonly measured: Partial<Record<PartName, string>>;
    readonly load?: LoadFigures;
    readonly deployments?: readonly DeploymentFigures[];
    readonly waiting?: WaitingFigures;
    readonly peer?: readonly DeploymentFigures[];
    readonly soak?: SoakFigures;
    readonly scale?: ScaleFigures;
    readonly faults?: FaultSoakFigures;
    readonly state?: readonly StateFigures[];
}

export function operationOf(figures: DeploymentFigures, operation: Operation): OperationFigures | undefined {
    return figures.operations.find((one) => one.operation === operation);
}

export interface Goal {
    readonly what: string;
    readonly wanted: string;
    readonly measured: string;
    readonly met: boolean;
}

/** The goals of design §11, as far as this run measured them. */
export function goalsOf({ deployments = [], load, waiting }: Results): Goal[] {
    const goals: Goal[] = [];
    const add = (what: string, value: number | undefined, limit: number, unit = "", digits = 2) => {
        if (value === undefined || Number.isNaN(value)) return;
        goals.push({
            what,
            wanted: `≤ ${limit}${unit}`,
            measured: `${value.toFixed(digits)}${unit}`,
            met: value <= limit,
        });
    };
    const most = Math.max(0, ...deployments.map((one) => one.count));
    const largest = deployments.filter((one) => one.count === most);
    const withBackups = largest.find((one) => one.backupMs > 0) ?? largest[0];
    const without = largest.find((one) => one.backupMs === 0) ?? largest[0];
    const up = withBackups && operationOf(withBackups, "up");
    const preview = without && operationOf(without, "preview");
    const name = (figures: DeploymentFigures | undefined) =>
        `${figures?.count} checkpoints, ${(figures?.backupMs ?? 0) / 1000} s backups`;
    add(`up, ${name(withBackups)}: of no-op and backups`, up?.ratio.median, 1.1);
    add(
        `up, ${name(withBackups)}: of a provider that waits as long and has the same outputs`,
        up?.ratioToStock.median,
        1.1,
    );
    add(`up, ${name(withBackups)}: requests a checkpoint`, up?.requests, 3);
    add(`up, ${name(withBackups)}: requests a look while all wait`, up?.perLook, 5, "", 0);
    const peak = Math.max(...largest.flatMap((one) => one.operations.map((each) => each.memoryMb.ours)));
    if (largest.length > 0) add(`peak memory of the provider process, ${most} checkpoints`, peak, 200, " MB", 0);
    add(`preview without changes, ${name(without)}: of no-op`, preview?.ratio.median, 1.05);
    const destroy = largest.filter((one) => one.policy === "delete").map((one) => operationOf(one, "destroy"))[0];
    add("destroy with deletion: requests a checkpoint", destroy?.requests, 3);
    add("sdk on top of @pulumi/pulumi", load?.sdk.min, 15, " ms", 1);
    add(`event-loop lag p99, ${waiting?.count} waiting`, waiting?.waiting.lag.p99, 50, " ms", 1);
    add(`requests a look, ${waiting?.count} waiting`, waiting?.waiting.perLook, 15, "", 0);
    return goals;
}
