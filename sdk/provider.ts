import * as pulumi from "@pulumi/pulumi";

/**
 * Settings of one account and region; each is the stack configuration's key of the same name under `cbr:`. Secrets may
 * be given as secret Outputs.
 */
export interface ProviderArgs {
    /** Region of resources that name none, e.g. `eu-de`. */
    readonly region?: pulumi.Input<string>;
    /**
     * Project of that region, 32 hexadecimal digits. Default: looked up in IAM by `projectName`, else by the region's
     * name.
     */
    readonly projectId?: pulumi.Input<string>;
    /** Project of that region, by name. */
    readonly projectName?: pulumi.Input<string>;
    /** Access key (AK), with `secretKey`. */
    readonly accessKey?: pulumi.Input<string>;
    /** Secret key (SK); kept secret. */
    readonly secretKey?: pulumi.Input<string>;
    /** Belongs to temporary access keys; kept secret. */
    readonly securityToken?: pulumi.Input<string>;
    /** A token instead of keys or a password; kept secret. */
    readonly token?: pulumi.Input<string>;
    /** User, with `password` and `domainName` or `domainId`. */
    readonly userName?: pulumi.Input<string>;
    /** User by id, with `password`. */
    readonly userId?: pulumi.Input<string>;
    /** Kept secret. */
    readonly password?: pulumi.Input<string>;
    /** Second factor of a user with MFA; kept secret. */
    readonly passcode?: pulumi.Input<string>;
    /** Name in IAM of the issuer of an identity token (OpenID Connect), with `idToken` or `idTokenFile`. */
    readonly identityProvider?: pulumi.Input<string>;
    /** Identity token; kept secret. */
    readonly idToken?: pulumi.Input<string>;
    /** File that has the identity token; read whenever new keys are fetched for it. */
    readonly idTokenFile?: pulumi.Input<string>;
    /** Take on the agency of the server that Pulumi runs on: `true`. */
    readonly instanceAgency?: pulumi.Input<boolean | string>;
    /** Account of the user, by name. */
    readonly domainName?: pulumi.Input<string>;
    /** Account of the user, by id. */
    readonly domainId?: pulumi.Input<string>;
    /** Agency to take on, with `agencyDomainName` or `agencyDomainId`. */
    readonly agencyName?: pulumi.Input<string>;
    /** Account that gave the agency, by name. */
    readonly agencyDomainName?: pulumi.Input<string>;
    /** Account that gave the agency, by id. */
    readonly agencyDomainId?: pulumi.Input<string>;
    /** Project of that account. Default: `projectName`, else the region's name. */
    readonly agencyProjectName?: pulumi.Input<string>;
    /** How long an agency's temporary keys live, 900 to 86,400 seconds. Default: 3600. */
    readonly agencyDurationSeconds?: pulumi.Input<number>;
    /** `huaweicloud`, `otc`, `flexibleengine`, or a domain. Default: what the region's name says. */
    readonly cloud?: pulumi.Input<string>;
    /** Entry of clouds.yaml. */
    readonly cloudsYaml?: pulumi.Input<string>;
    /** Address of IAM. Default: the cloud's own. */
    readonly authUrl?: pulumi.Input<string>;
    /** Region → URL of CBR, or URLs of CBR and IAM. Default: the cloud's own. */
    readonly endpoints?: pulumi.Input<
        Record<
            string,
            pulumi.Input<string | { readonly cbr?: pulumi.Input<string>; readonly iam?: pulumi.Input<string> }>
        >
    >;
    /** File of certificates to trust besides the system's, PEM. */
    readonly caFile?: pulumi.Input<string>;
    /** Client certificate, PEM file; with `keyFile`. */
    readonly certFile?: pulumi.Input<string>;
    /** Key of the client certificate, PEM file. */
    readonly keyFile?: pulumi.Input<string>;
    /** Server certificates are not checked. Default: false. */
    readonly insecure?: pulumi.Input<boolean>;
    /** Requests a second to one region. Default: 20. */
    readonly maxRequestsPerSecond?: pulumi.Input<number>;
    /** Further tries of one request that failed in passing. Default: 5. */
    readonly maxRetries?: pulumi.Input<number>;
    /** Shortest pause between looks while something is waited for, `1s` to `10m`. Default: 1 s that grows to 15 s. */
    readonly pollInterval?: pulumi.Input<string>;
    /** Whether previews ask the cloud: `auto` (default) or `off`. */
    readonly preflight?: pulumi.Input<"auto" | "off">;
}

/** Settings that are kept secret. */
export const SECRETS: readonly string[] = ["secretKey", "securityToken", "token", "password", "passcode", "idToken"];

/**
 * A second account or region in one program, through the ordinary `provider` option. With credentials of its own it
 * takes no project, agency or credentials from the environment: its project is looked up by its own credentials.
 *
 * ```ts
 * const nl = new cbr.Provider("nl", { region: "eu-nl" });
 * new cbr.Checkpoint("there", { vaultId }, { provider: nl });
 * ```
 */
export class Provider extends pulumi.ProviderResource {
    constructor(name: string, args: ProviderArgs = {}, options?: pulumi.ResourceOptions) {
        const properties: pulumi.Inputs = { "cbr:explicitProvider": "true" };
        for (const [key, value] of Object.entries(args)) {
            // Pulumi: the host looks up only keys with a colon as they are.
            if (value !== undefined) properties[`cbr:${key}`] = SECRETS.includes(key) ? pulumi.secret(value) : value;
        }
        if (args.endpoints !== undefined)
            properties["cbr:endpoints"] = pulumi.output(args.endpoints).apply((map) => JSON.stringify(map));
        super("pulumi-nodejs", name, properties, options);
    }
}
