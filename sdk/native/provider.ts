import * as pulumi from "@pulumi/pulumi";
import { type ProviderArgs, SECRETS } from "../provider";
import { requirePlugin } from "./plugin";

/** A second account or region in one program, through the ordinary `provider` option; functions take it, too. */
export class Provider extends pulumi.ProviderResource {
    constructor(name: string, args: ProviderArgs = {}, options?: pulumi.ResourceOptions) {
        requirePlugin();
        const properties: pulumi.Inputs = {};
        for (const [key, value] of Object.entries(args)) {
            if (value === undefined) continue;
            // Pulumi: a provider's inputs are texts; what is none travels as JSON.
            const text = pulumi
                .all([value as pulumi.Input<unknown>])
                .apply(([known]) => (typeof known === "string" ? known : JSON.stringify(known)));
            properties[key] = SECRETS.includes(key) ? pulumi.secret(text) : text;
        }
        super("cbr", name, properties, options);
    }
}
