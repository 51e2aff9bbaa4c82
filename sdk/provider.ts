import * as pulumi from "@pulumi/pulumi";

/** Settings of one account and region; each is the stack configuration's key of the same name under `cbr:`. Secrets may be given as secret Outputs. */
export interface ProviderArgs {
    readonly region?: pulumi.Input<string>;
    readonly projectId?: pulumi.Input<string>;
    readonly projectName?: pulumi.Input<string>;
    readonly accessKey?: pulumi.Input<string>;
    readonly secretKey?: pulumi.Input<string>;
    readonly securityToken?: pulumi.Input<string>;
    readonly token?: pulumi.Input<string>;
    readonly userName?: pulumi.Input<string>;
    readonly userId?: pulumi.Input<string>;
    readonly password?: pulumi.Input<string>;
    readonly domainName?: pulumi.Input<string>;
    readonly domainId?: pulumi.Input<string>;
    readonly agencyName?: pulumi.Input<string>;
    readonly agencyDomainName?: pulumi.Input<string>;
    /** `huaweicloud`, `otc`, `flexibleengine`, or a domain. */
    readonly cloud?: pulumi.Input<string>;
    /** Entry of clouds.yaml. */
    readonly cloudsYaml?: pulumi.Input<string>;
    readonly authUrl?: pulumi.Input<string>;
    /** Region → URL. */
    readonly endpoints?: pulumi.Input<Record<string, pulumi.Input<string>>>;
    readonly caFile?: pulumi.Input<string>;
    /** Requests a second to one region. Default: 20. */
    readonly maxRequestsPerSecond?: pulumi.Input<number>;
    /** Default: 5. */
    readonly maxRetries?: pulumi.Input<number>;
    /** `auto` (default) or `off`. */
    readonly preflight?: pulumi.Input<"auto" | "off">;
}

const SECRETS: readonly string[] = ["secretKey", "securityToken", "token", "password"];

/**
 * A second account or region in one program, through the ordinary `provider` option.
 *
 * ```ts
 * const nl = new cbr.Provider("nl", { region: "eu-nl" });
 * new cbr.Checkpoint("there", { vaultId }, { provider: nl });
 * ```
 */
export class Provider extends pulumi.ProviderResource {
    constructor(name: string, args: ProviderArgs = {}, options?: pulumi.ResourceOptions) {
        const properties: pulumi.Inputs = {};
        for (const [key, value] of Object.entries(args)) {
            // Pulumi: the host looks up only keys with a colon as they are.
            if (value !== undefined) properties[`cbr:${key}`] = SECRETS.includes(key) ? pulumi.secret(value) : value;
        }
        if (args.endpoints !== undefined)
            properties["cbr:endpoints"] = pulumi.output(args.endpoints).apply((map) => JSON.stringify(map));
        super("pulumi-nodejs", name, properties, options);
    }
}
