// What index.ts uses of the SDK that `pulumi package add` writes, so that it can be type-checked without it. To be deleted
// once that is there, which has all of it.
declare module "@pulumi/opentelekomcloud" {
    import type * as pulumi from "@pulumi/pulumi";

    export interface CbrVaultV3Args {
        name?: pulumi.Input<string>;
        billing: pulumi.Input<{ size: number; objectType: "server" | "disk"; protectType: "backup" | "replication" }>;
        resources?: pulumi.Input<pulumi.Input<{ id: pulumi.Input<string>; type: string }>[]>;
    }

    export class CbrVaultV3 extends pulumi.CustomResource {
        constructor(name: string, args: CbrVaultV3Args, opts?: pulumi.CustomResourceOptions);
    }
}
