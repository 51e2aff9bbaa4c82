import { emptyGoal, type Goal } from "./goals";
import type { resourceMessages } from "./protocol";
import { dynamicPackage } from "./providers";
import { readStep } from "./read-step";
import { claimUrn, decide, inherit, type Mode } from "./registration";
import type { Run } from "./run";
import { newState, type ResourceState } from "./state";
import { StepFailed, Stopped } from "./step";
import { replaceStep } from "./steps";
import { refuseUntargetedNeeds } from "./targeting";
import { findOld, Tracker } from "./tracker";
import { isProviderType, packageOf, providerType } from "./urn";
import { type Bag, fromWire, Secret } from "./values";

/** What a program is run for. */
export interface ProgramMode {
    mode: Mode;
    /** Each resource is read when the program registers it. */
    refreshes: boolean;
}

/** Takes what a program registers and reads, one at a time, and carries it out side by side. */
export class Registrar {
    readonly tracker = new Tracker();
    readonly #run: Run;
    readonly #options: ProgramMode;
    #turn: Promise<unknown> = Promise.resolve();
    readonly #defaults = new Map<string, Promise<string>>();

    constructor(run: Run, options: ProgramMode) {
        this.#run = run;
        this.#options = options;
    }

    /** Waits for all earlier decisions. */
    #inTurn<Answer>(work: () => Promise<Answer>): Promise<Answer> {
        const mine = this.#turn.then(() => {
            if (this.#run.isStopping) {
                throw new Stopped();
            }
            return work();
        });
        this.#turn = mine.catch(() => {});
        return mine;
    }

    async register(goal: Goal): Promise<{ state: ResourceState; isUnknown: boolean }> {
        const run = this.#run;
        inherit(this.tracker, goal);
        if (goal.custom && !isProviderType(goal.type) && goal.provider === "") {
            goal.provider = await this.#defaultProvider(packageOf(goal.type));
        }
        if (isProviderType(goal.type) && packageOf(goal.type) !== dynamicPackage) {
            throw new Error(
                `the local engine serves dynamic resources only, not package "${packageOf(goal.type)}"; use the Pulumi CLI`,
            );
        }
        const decision = await this.#inTurn(async () => {
            const decided = await decide(run, this.tracker, goal, this.#options.mode, this.#options.refreshes);
            refuseUntargetedNeeds(run, this.tracker, decided.steps);
            return decided;
        });
        try {
            if (decision.steps.length > 0) {
                await run.execute(decision.steps);
            }
        } catch (error) {
            if (!(error instanceof StepFailed)) throw error;
            this.tracker.failed.add(decision.state.urn);
            throw new StepFailed(error.message, decision.state.urn);
        }
        return decision;
    }

    /** Pulumi: resources without a provider share one of their package, whose inputs are the stack's whole configuration. */
    #defaultProvider(packageName: string): Promise<string> {
        let reference = this.#defaults.get(packageName);
        if (reference === undefined) {
            if (packageName !== dynamicPackage) {
                return Promise.reject(
                    new Error(
                        `the local engine serves dynamic resources only, not package "${packageName}"; use the Pulumi CLI`,
                    ),
                );
            }
            reference = this.register(emptyGoal(providerType(packageName), "default", this.#configInputs())).then(
                ({ state }) => `${state.urn}::${state.id}`,
            );
            this.#defaults.set(packageName, reference);
        }
        return reference;
    }

    #configInputs(): Bag {
        const inputs: Bag = {};
        for (const [key, { value, secret }] of Object.entries(this.#run.options.config)) {
            inputs[key] = secret ? new Secret(value) : value;
        }
        return inputs;
    }

    async read(request: resourceMessages.ReadResourceRequest): Promise<ResourceState> {
        const run = this.#run;
        const tracker = this.tracker;
        const goal = emptyGoal(request.getType(), request.getName(), fromWire(request.getProperties()));
        goal.parent = request.getParent();
        goal.provider = request.getProvider() || (await this.#defaultProvider(packageOf(goal.type)));
        const { steps, state } = await this.#inTurn(async () => {
            const urn = claimUrn(run, tracker, goal);
            const { old, alias } = findOld(run, tracker, urn, goal);
            const wanted = newState({
                urn,
                type: goal.type,
                custom: true,
                external: true,
                id: request.getId(),
                inputs: goal.inputs,
                parent: goal.parent,
                provider: goal.provider,
                dependencies: request.getDependenciesList(),
                additionalSecretOutputs: request.getAdditionalsecretoutputsList(),
                aliases: alias === "" ? [] : [alias],
            });
            const isReplacing = old !== undefined && !old.external && old.id !== wanted.id;
            const read = readStep(run, old, wanted, isReplacing);
            (isReplacing ? tracker.replaces : tracker.reads).add(urn);
            if (this.#options.mode === "destroy") {
                tracker.toDelete.push(wanted);
            }
            return { steps: isReplacing ? [read, replaceStep(wanted, { old, keys: [] })] : [read], state: wanted };
        });
        await run.execute(steps);
        return state;
    }
}
