import type { Run } from "./run";
import type { ResourceState } from "./state";
import { Bail } from "./step";
import { clientOf } from "./steps";
import { isProviderType, nameOf } from "./urn";
import { type Bag, isBag, Secret, Unknown, type Value } from "./values";

/** Pulumi: the dynamic host cannot read by id alone; its own words for that are what the user gets to see. */
export async function refuseImport(run: Run, state: ResourceState): Promise<never> {
    const client = await clientOf(run, state);
    await client?.read(state.urn, state.importId, undefined, undefined, 0);
    throw new Error("the local engine does not support import; use the Pulumi CLI");
}

/** Has the provider check inputs, and puts in what it makes of them. */
export async function check(run: Run, state: ResourceState, olds: Bag, news: Bag): Promise<void> {
    state.inputs = news;
    if (!state.custom || isProviderType(state.type)) {
        return;
    }
    const client = await clientOf(run, state);
    if (client === undefined) {
        return;
    }
    const { inputs, failures } = await client.check(state.urn, olds, news, run.options.dryRun);
    state.inputs = inputs;
    for (const { property, reason } of failures) {
        const subject = `${state.type} resource '${nameOf(state.urn)}'`;
        const problem =
            property === ""
                ? `${subject} has a problem: ${reason}`
                : `${subject}: property ${property} value {${describe(inputs[property])}} has a problem: ${reason}`;
        run.diagnose("error", problem, state.urn);
    }
    if (failures.length > 0) {
        throw new Bail();
    }
}

/** Pulumi: how a value reads in a check failure. */
function describe(value: Value | undefined): string {
    if (value === undefined || value === null) {
        return "<nil>";
    }
    if (value instanceof Secret) {
        return "[secret]";
    }
    if (value instanceof Unknown) {
        return "output<string>{}";
    }
    if (Array.isArray(value)) {
        return `[${value.map((item) => `{${describe(item)}}`).join(" ")}]`;
    }
    if (isBag(value)) {
        return `map[${Object.keys(value)
            .sort()
            .map((key) => `${key}:{${describe(value[key])}}`)
            .join(" ")}]`;
    }
    return String(value);
}
