/** What loading costs, in fresh processes: `@pulumi/pulumi` itself, then our `sdk` on top of it, then `provider`. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { type Spread, spread } from "./numbers";

export interface LoadFigures {
    readonly rounds: number;
    /** Milliseconds to load `@pulumi/pulumi`. */
    readonly pulumi: Spread;
    /** Milliseconds that `pulumi-cbr` adds to it, in a program. */
    readonly sdk: Spread;
    /** Milliseconds that `pulumi-cbr/provider` adds to it, in the provider host. */
    readonly provider: Spread;
    /** Milliseconds of the first request's own loading: settings, sign-in, undici. */
    readonly services: Spread;
}

const script = `
const times = [performance.now()];
for (const name of process.argv.slice(1)) { require(name); times.push(performance.now()); }
process.stdout.write(JSON.stringify(times.slice(1).map((time, index) => time - times[index])));
`;

function load(modules: readonly string[]): number[] {
    const text = execFileSync(process.execPath, ["-e", script, ...modules], {
        cwd: join(__dirname, ".."),
        encoding: "utf8",
    });
    return JSON.parse(text) as number[];
}

export function measureLoad(rounds: number): LoadFigures {
    const program: number[][] = [];
    const host: number[][] = [];
    for (let round = 0; round < rounds; round++) {
        program.push(load(["@pulumi/pulumi", "pulumi-cbr"]));
        host.push(load(["@pulumi/pulumi", "pulumi-cbr/provider", "./dist/provider/services/services.js", "undici"]));
    }
    const column = (table: number[][], index: number) => table.map((row) => row[index] ?? Number.NaN);
    return {
        rounds,
        pulumi: spread([...column(program, 0), ...column(host, 0)]),
        sdk: spread(column(program, 1)),
        provider: spread(column(host, 1)),
        services: spread(host.map((row) => (row[2] ?? Number.NaN) + (row[3] ?? Number.NaN))),
    };
}
