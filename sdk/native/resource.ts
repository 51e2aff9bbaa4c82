import * as pulumi from "@pulumi/pulumi";
import { triggers } from "../dynamic";
import { keepOutputs } from "../preview";
import { QuietResource } from "../quiet-resource";
import { settleWhenStored } from "../settle-notes";
import { requirePlugin } from "./plugin";

/** Names of the classes that have a handler. */
export type Kind = Capitalize<keyof typeof import("../../provider/index")>;

const typeOf = (kind: Kind): string => `cbr:index:${kind}`;

/** Base of the classes that the native provider serves. */
export abstract class NativeResource extends QuietResource {
    constructor(
        { kind, outputs }: { readonly kind: Kind; readonly outputs: Record<string, undefined> },
        name: string,
        args: object | undefined,
        options: pulumi.CustomResourceOptions = {},
    ) {
        requirePlugin();
        const properties: pulumi.Inputs = { ...outputs, ...args, ...triggers(kind, name, args) };
        // The dynamic resource of the same class and name is this one.
        const aliases = [...(options.aliases ?? []), { type: `pulumi-nodejs:dynamic/cbr:${kind}` }];
        super(typeOf(kind), name, properties, { ...options, aliases });
        if (options.id !== undefined) return;
        settleWhenStored(this);
        if (!pulumi.runtime.isDryRun()) return;
        const unsaid = Object.keys(outputs).filter((key) => properties[key] === undefined);
        keepOutputs(this, undefined, typeOf(kind), unsaid);
    }
}

/** For `isInstance`, which also knows objects of another copy of the package. */
export function isOfKind(value: unknown, kind: Kind): boolean {
    return typeof value === "object" && value !== null && Reflect.get(value, "__pulumiType") === typeOf(kind);
}
