/** The program that adopts, as text. */
import { stringify } from "yaml";
import type { Adoption, AdoptionPlan } from "./plan";

const STEPS = [
    "Restore points that Terraform took, from here on managed by Pulumi. Each is read, and nothing is " +
        "sent: no backup is",
    "taken and none is changed. Afterwards take them out of Terraform's configuration, and out of its state without",
    "destroying them:",
];

export function typescriptProgram(plan: AdoptionPlan): string {
    const variables = new Set<string>(["cbr"]);
    const resources = plan.adoptions.map((one) => {
        const inputs = Object.entries(inputsOf(one)).map(([key, value]) => `    ${key}: ${JSON.stringify(value)},`);
        return [
            comment("//", one.address),
            `export const ${variableFor(one.name, variables)} = new cbr.Checkpoint(${JSON.stringify(one.name)}, {`,
            ...inputs,
            "}).checkpointId;",
        ].join("\n");
    });
    return `${[
        [...headOf(plan).map((line) => comment("//", line))].join("\n"),
        'import * as cbr from "pulumi-cbr";',
        ...resources,
        ...tailOf(plan, "//"),
    ].join("\n\n")}\n`;
}

export function yamlProgram(plan: AdoptionPlan): string {
    const content = {
        name: "adopted-restore-points",
        runtime: "yaml",
        plugins: { providers: [{ name: "cbr", path: "node_modules/pulumi-cbr" }] },
        resources: Object.fromEntries(
            plan.adoptions.map((one) => [one.name, { type: "cbr:Checkpoint", properties: inputsOf(one) }]),
        ),
    };
    return `${[
        [...headOf(plan).map((line) => comment("#", line))].join("\n"),
        stringify(content, { lineWidth: 0 }).trimEnd(),
        ...tailOf(plan, "#"),
    ].join("\n\n")}\n`;
}

function inputsOf({ region, vaultId, checkpointName, checkpointId }: Adoption): Readonly<Record<string, string>> {
    return {
        ...(region === undefined ? {} : { region }),
        vaultId,
        ...(checkpointName === undefined ? {} : { name: checkpointName }),
        adopt: checkpointId,
    };
}

function headOf({ adoptions }: AdoptionPlan): string[] {
    return [...STEPS, ...adoptions.map(({ address }) => `  terraform state rm '${address.replaceAll("'", "'\\''")}'`)];
}

function tailOf({ refusals }: AdoptionPlan, mark: string): string[] {
    if (refusals.length === 0) return [];
    return [
        [
            comment(mark, "Not taken over:"),
            ...refusals.map(({ address, reason }) => comment(mark, `  ${address}: ${reason}`)),
        ].join("\n"),
    ];
}

/** Addresses hold keys of any text: none may end its line. */
function comment(mark: string, line: string): string {
    return `${mark} ${line.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, " ")}`.trimEnd();
}

function variableFor(name: string, taken: Set<string>): string {
    const words = name.split(/[^A-Za-z0-9]+/).filter((word) => word !== "");
    const camel = words
        .map((word, at) => (at === 0 ? word.charAt(0).toLowerCase() : word.charAt(0).toUpperCase()) + word.slice(1))
        .join("");
    const stem = /^[A-Za-z]/.test(camel) ? camel : `checkpoint${camel}`;
    let variable = `${stem}Id`;
    for (let count = 2; taken.has(variable); count++) variable = `${stem}${count}Id`;
    taken.add(variable);
    return variable;
}
