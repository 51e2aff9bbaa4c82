import type { resourceMessages } from "./protocol";
import type { Timeouts } from "./state";
import { type Bag, fromWire, fromWireValue, type Value } from "./values";

/** An earlier name of a resource: a URN, or what differs from the present one. */
export type Alias =
    | { urn: string }
    | { name: string; type: string; stack: string; project: string; parent: string; noParent: boolean };

/** What the program wants of one resource. */
export interface Goal {
    type: string;
    name: string;
    custom: boolean;
    parent: string;
    inputs: Bag;
    provider: string;
    protect: boolean | undefined;
    retainOnDelete: boolean | undefined;
    deletedWith: string;
    replaceWith: string[];
    dependencies: string[];
    propertyDependencies: Record<string, string[]>;
    deleteBeforeReplace: boolean | undefined;
    ignoreChanges: string[];
    replaceOnChanges: string[];
    additionalSecretOutputs: string[];
    aliases: Alias[];
    importId: string;
    customTimeouts: Timeouts;
    hideDiff: string[];
    replacementTrigger: Value | undefined;
    resourceHooks: Record<string, string[]>;
}

/** `1h30m`, `5m`, `90s` and the like in seconds. */
function seconds(text: string): number {
    const units: Record<string, number> = { h: 3600, m: 60, s: 1, ms: 0.001, us: 1e-6, ns: 1e-9 };
    let total = 0;
    let rest = text;
    while (rest !== "") {
        const match = /^([\d.]+)(ms|us|ns|h|m|s)/.exec(rest);
        if (match === null) {
            throw new Error(`unable to parse customTimeout Value "${text}"`);
        }
        total += Number(match[1]) * (units[match[2] as string] as number);
        rest = rest.slice(match[0].length);
    }
    return total;
}

function readTimeouts(timeouts: resourceMessages.RegisterResourceRequest.CustomTimeouts | undefined): Timeouts {
    const result: Timeouts = {};
    const set = (key: keyof Timeouts, text: string | undefined) => {
        if (text) {
            result[key] = seconds(text);
        }
    };
    set("create", timeouts?.getCreate());
    set("update", timeouts?.getUpdate());
    set("delete", timeouts?.getDelete());
    set("read", timeouts?.getRead());
    return result;
}

function readAliases(request: resourceMessages.RegisterResourceRequest): Alias[] {
    const urns = request.getAliasurnsList().map((urn) => ({ urn }));
    const aliases = request.getAliasesList().map((alias): Alias => {
        const spec = alias.getSpec();
        return spec === undefined
            ? { urn: alias.getUrn() }
            : {
                  name: spec.getName(),
                  type: spec.getType(),
                  stack: spec.getStack(),
                  project: spec.getProject(),
                  parent: spec.getParenturn(),
                  noParent: spec.getNoparent(),
              };
    });
    return [...urns, ...aliases];
}

function readHooks(
    hooks: resourceMessages.RegisterResourceRequest.ResourceHooksBinding | undefined,
): Record<string, string[]> {
    if (hooks === undefined) {
        return {};
    }
    const lists: Record<string, string[]> = {
        BeforeCreate: hooks.getBeforeCreateList(),
        AfterCreate: hooks.getAfterCreateList(),
        BeforeUpdate: hooks.getBeforeUpdateList(),
        AfterUpdate: hooks.getAfterUpdateList(),
        BeforeDelete: hooks.getBeforeDeleteList(),
        AfterDelete: hooks.getAfterDeleteList(),
    };
    return Object.fromEntries(Object.entries(lists).filter(([, names]) => names.length > 0));
}

/** Reads a registration; refuses what this engine does not do. */
export function readGoal(request: resourceMessages.RegisterResourceRequest): Goal {
    const refuse = (what: string) => {
        throw new Error(
            `the local engine does not support ${what} (resource ${request.getName()}); use the Pulumi CLI`,
        );
    };
    if (request.getRemote()) {
        refuse("remote components");
    }
    if (request.getTransformsList().length > 0) {
        refuse("transforms");
    }
    if (request.getStateMigrationsList().length > 0) {
        refuse("state migrations");
    }
    if (request.getHooks()?.getOnErrorList().length) {
        refuse("error hooks");
    }
    const propertyDependencies: Record<string, string[]> = {};
    for (const [key, urns] of request.getPropertydependenciesMap().entries() as IterableIterator<
        [string, resourceMessages.RegisterResourceRequest.PropertyDependencies]
    >) {
        propertyDependencies[key] = urns.getUrnsList();
    }
    const trigger = request.getReplacementTrigger();
    return {
        type: request.getType(),
        name: request.getName(),
        custom: request.getCustom(),
        parent: request.getParent(),
        inputs: fromWire(request.getObject()),
        provider: request.getProvider(),
        protect: request.hasProtect() ? request.getProtect() : undefined,
        retainOnDelete: request.hasRetainondelete() ? request.getRetainondelete() : undefined,
        deletedWith: request.getDeletedwith(),
        replaceWith: request.getReplaceWithList(),
        dependencies: request.getDependenciesList(),
        propertyDependencies,
        deleteBeforeReplace: request.getDeletebeforereplacedefined() ? request.getDeletebeforereplace() : undefined,
        ignoreChanges: request.getIgnorechangesList(),
        replaceOnChanges: request.getReplaceonchangesList(),
        additionalSecretOutputs: request.getAdditionalsecretoutputsList(),
        aliases: readAliases(request),
        importId: request.getImportid(),
        customTimeouts: readTimeouts(request.getCustomtimeouts()),
        hideDiff: request.getHidediffsList(),
        replacementTrigger: trigger === undefined ? undefined : fromWireValue(trigger.toJavaScript()),
        resourceHooks: readHooks(request.getHooks()),
    };
}

export function emptyGoal(type: string, name: string, inputs: Bag): Goal {
    return {
        type,
        name,
        custom: true,
        parent: "",
        inputs,
        provider: "",
        protect: undefined,
        retainOnDelete: undefined,
        deletedWith: "",
        replaceWith: [],
        dependencies: [],
        propertyDependencies: {},
        deleteBeforeReplace: undefined,
        ignoreChanges: [],
        replaceOnChanges: [],
        additionalSecretOutputs: [],
        aliases: [],
        importId: "",
        customTimeouts: {},
        hideDiff: [],
        replacementTrigger: undefined,
        resourceHooks: {},
    };
}
