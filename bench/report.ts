/** The figures as tables for a terminal. */

import { type DeploymentFigures, unavoidableMs } from "./deployments";
import { type PeerResult, peerCases, peers } from "./peer";
import { goalsOf, operationOf, type Results } from "./results";
import type { ScaleFigures } from "./scale";
import type { Cost } from "./scale-reader";
import type { StateCost } from "./state-backend";

function table(rows: readonly (readonly string[])[]): string {
    const widths = rows.reduce<number[]>(
        (least, row) => row.map((cell, column) => Math.max(least[column] ?? 0, cell.length)),
        [],
    );
    const isNumber = (cell: string) => /^[\d.,<>≤–×-]/.test(cell);
    return rows
        .map((row) =>
            `  ${row.map((cell, column) => (isNumber(cell) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0))).join("  ")}`.trimEnd(),
        )
        .join("\n");
}

const seconds = (ms: number) => (ms / 1000).toFixed(2);
const dash = "–";

function deploymentTable(deployments: readonly DeploymentFigures[]): string {
    const header = [
        "n",
        "backup",
        "policy",
        "parallel",
        "operation",
        "no-op",
        "same outputs",
        "ours",
        "ours min",
        "ratio",
        "min",
        "to same",
        "native",
        "to ours",
        "requests",
        "a look",
        "no-op MB",
        "same MB",
        "MB",
        "native MB",
        "processor seconds: no-op",
        "same",
        "ours",
        "native",
    ];
    const rows = deployments.flatMap((figures) =>
        figures.operations.map((one) => [
            String(figures.count),
            `${figures.backupMs / 1000} s`,
            figures.policy,
            String(figures.parallel),
            one.operation,
            `${seconds(one.noop.median + unavoidableMs(one.operation, figures))} s`,
            `${seconds(one.stock.median)} s`,
            `${seconds(one.ours.median)} s`,
            `${seconds(one.ours.min)} s`,
            one.ratio.median.toFixed(2),
            one.ratio.min.toFixed(2),
            one.ratioToStock.median.toFixed(2),
            one.native === undefined ? dash : `${seconds(one.native.median)} s`,
            one.nativeToOurs?.median.toFixed(2) ?? dash,
            one.requests.toFixed(2),
            one.perLook === undefined ? dash : String(one.perLook),
            one.memoryMb.noop.toFixed(0),
            one.memoryMb.stock.toFixed(0),
            one.memoryMb.ours.toFixed(0),
            one.memoryMb.native?.toFixed(0) ?? dash,
            ...(["noop", "stock", "ours", "native"] as const).map((name) => {
                const ms = one.cpuMs?.[name];
                return ms === undefined ? dash : seconds(ms);
            }),
        ]),
    );
    return table([header, ...rows]);
}

export function render(results: Results): string {
    const { load, deployments, waiting, peer, soak } = results;
    const parts: string[] = [`pulumi-cbr ${results.version} on ${results.machine}`];
    if (load !== undefined) {
        const ms = (value: number) => `${value.toFixed(1)} ms`;
        const row = (name: string, { min, median }: { min: number; median: number }) => [name, ms(min), ms(median)];
        parts.push(
            `Loading, ${load.rounds} fresh processes`,
            table([
                ["", "min", "median"],
                row("@pulumi/pulumi itself", load.pulumi),
                row("pulumi-cbr on top, in the program", load.sdk),
                row("pulumi-cbr/provider on top, in the provider host", load.provider),
                row("what the first request loads", load.services),
            ]),
        );
    }
    if (deployments?.[0] !== undefined) {
        parts.push(
            `Deployments: ${deployments[0].engine}, ${deployments[0].rounds} rounds, medians; no-op includes the time that the backups take anyhow; "same outputs" is a dynamic provider that waits as long in each create and has a checkpoint's outputs, and "to same" compares with it; cbr:maxRequestsPerSecond is set out of the way`,
            deploymentTable(deployments),
            `Bytes of state: ${deployments.map(({ count, state }) => `n ${count}: ${state.ours.resource} a checkpoint (${state.ours.code} of them code), native ${state.native?.resource ?? dash}, no-op ${state.noop.resource} (${state.noop.code})`).join("; ")}`,
        );
    }
    if (waiting !== undefined) {
        const { lag } = waiting.waiting;
        const list = (counts: Record<string, number>) =>
            Object.entries(counts)
                .map(([name, count]) => `${name} × ${count}`)
                .join(", ");
        parts.push(
            `${waiting.count} handlers waiting at once in one process, the simulator in another`,
            table([
                ["event-loop lag p50", `${lag.p50.toFixed(1)} ms`],
                ["event-loop lag p99", `${lag.p99.toFixed(1)} ms`],
                ["longest", `${lag.max.toFixed(1)} ms`],
                ["processor", `${(lag.cpu * 100).toFixed(0)} %`],
                [`looks in ${lag.seconds.toFixed(0)} s`, String(waiting.waiting.looks)],
                ["requests a look", String(waiting.waiting.perLook)],
                ["memory now", `${waiting.waiting.memory.rssMb.toFixed(0)} MB`],
                ["memory at most", `${waiting.memory.peakMb.toFixed(0)} MB`],
                ["sockets while waiting", String(waiting.waiting.memory.sockets)],
                ["all asked for after", `${waiting.postsSeconds.toFixed(1)} s`],
                ["all finished, after the cloud", `${waiting.finishing.seconds.toFixed(1)} s`],
                ["event-loop lag p99 then", `${waiting.finishing.lag.p99.toFixed(1)} ms`],
                ["requests a checkpoint", waiting.requests.toFixed(2)],
            ]),
            `  ${waiting.throttled.seconds} s after a 429: ${list(waiting.throttled.requests)}`,
            `  ${waiting.expired.seconds} s after all tokens became worthless: ${list(waiting.expired.requests)}`,
        );
    }
    if (peer?.[0] !== undefined) {
        const ours: PeerResult = {
            name: `ours, ${peer[0].engine}`,
            seconds: peer.map((one) => (operationOf(one, "up")?.ours.median ?? Number.NaN) / 1000),
        };
        const floor: PeerResult = {
            name: "no-op provider on that engine, and the backups' time",
            seconds: peer.map(
                (one) => ((operationOf(one, "up")?.noop.median ?? Number.NaN) + unavoidableMs("up", one)) / 1000,
            ),
        };
        parts.push(
            `${peer[0].count} checkpoints, seconds of \`up\` (\`apply\`)`,
            table([
                ["", ...peerCases.map((one) => `${one.parallel} in parallel, ${one.backupMs / 1000} s`)],
                ...[...peers, ours, floor].map((one) => [
                    one.name,
                    ...one.seconds.map((value) => (value === undefined ? "–" : value.toFixed(1))),
                ]),
            ]),
            deploymentTable(peer),
        );
    }
    if (soak !== undefined) {
        const rows = soak.cycles.map((one) => [
            one.at.toFixed(0),
            one.handlers.rssMb.toFixed(0),
            one.handlers.heapMb.toFixed(1),
            String(one.handlers.sockets),
            one.providerMb.toFixed(0),
            String(one.providerSockets),
        ]);
        parts.push(
            `Soak: ${soak.minutes} minutes of up, refresh and destroy of ${soak.count}, ${soak.engine}; the last line after 25 s without work`,
            table([["second", "handlers MB", "heap MB", "sockets", "provider MB", "sockets"], ...rows]),
        );
    }
    if (results.faults !== undefined) {
        const { faults } = results;
        parts.push(
            `${faults.minutes} minutes of up, refresh and destroy of ${faults.count}, ${faults.engine}; ` +
                `${faults.faults} % of the requests fail, ${faults.requestsPerSecond} a second are allowed`,
            table([
                ["operations", String(faults.operations)],
                ["failed", String(faults.failures.length)],
                ["requests", String(faults.requests)],
                ["of them refused or lost", String(faults.refused)],
                ["provider process, first third", `${faults.memoryMb[0].toFixed(0)} MB`],
                ["provider process, last third", `${faults.memoryMb[1].toFixed(0)} MB`],
                ["backups left behind", String(faults.leftBehind)],
            ]),
            ...faults.failures,
        );
    }
    for (const { count, engine, rounds, rows } of results.state ?? [])
        parts.push(
            `State of ${count} checkpoints in a file, ${engine}, medians of ${rounds}: seconds, processor seconds`,
            table([
                ["", "up", "of the first", "up without changes", "of the first"],
                ...rows.map(({ name, up, again }) => [name, ...stateCells(up), ...stateCells(again)]),
            ]),
        );
    if (results.scale !== undefined) parts.push(...scaleTables(results.scale));
    const goals = goalsOf(results);
    if (goals.length > 0)
        parts.push(
            "Goals",
            table(goals.map((goal) => [goal.met ? "met" : "MISSED", goal.what, goal.measured, goal.wanted])),
        );
    return parts.join("\n\n");
}

const stateCells = (one: StateCost) => [
    `${one.seconds.toFixed(1)}, ${one.cpuSeconds.toFixed(1)}`,
    `${one.ofSeconds.toFixed(2)}, ${one.ofCpuSeconds.toFixed(2)}`,
];

function scaleTables({ sizes, waits, gateway }: ScaleFigures): string[] {
    const cost = (one: Cost) =>
        `${one.requests} requests, ${one.readMb.toFixed(1)} MB read, ${one.seconds.toFixed(1)} s, ${one.peakMb.toFixed(0)} MB more`;
    return [
        "Work in a vault that holds so many others' backups",
        table([
            ["", ...sizes.map((one) => String(one.others))],
            ["refresh of 100 made together", ...sizes.map((one) => cost(one.refreshTogether))],
            ["refresh of 100 made apart", ...sizes.map((one) => cost(one.refreshApart))],
            ["getBackups", ...sizes.map((one) => cost(one.list))],
            ["CheckpointReplica of 5, 8 s copies", ...sizes.map((one) => cost(one.copyCheckpoint))],
            ["three BackupReplicas, 8 s copies", ...sizes.map((one) => cost(one.copyThree))],
        ]),
        "Waits on virtual time",
        table([
            ["", "requests", "rows", "end seen after (median)", "at most"],
            ...waits.map((one) => [
                one.what,
                String(one.requests),
                String(one.rows),
                ...one.late.map((seconds) => `${seconds.toFixed(1)} s`),
            ]),
        ]),
        "Processes that share a limit of 20 requests a second (a model of the gateway, virtual time)",
        table([
            ["processes", "429s", "time over ideal", "slowest over median"],
            ...gateway.map((one) => [
                String(one.processes),
                `${(one.throttled * 100).toFixed(0)} %`,
                one.overIdeal.toFixed(2),
                one.slowest.toFixed(2),
            ]),
        ]),
    ];
}
