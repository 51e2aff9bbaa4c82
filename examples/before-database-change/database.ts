// Stands for the database resource of your cloud's provider, so that this example runs by itself: it does nothing.
import * as pulumi from "@pulumi/pulumi";

export interface DatabaseArgs {
    readonly engineVersion: pulumi.Input<string>;
}

export class Database extends pulumi.dynamic.Resource {
    declare readonly engineVersion: pulumi.Output<string>;

    constructor(name: string, args: DatabaseArgs, options: pulumi.CustomResourceOptions) {
        super(
            {
                create: async (inputs) => ({ id: "database", outs: inputs }),
                update: async (_id, _olds, news) => ({ outs: news }),
            },
            name,
            { ...args },
            options,
        );
    }
}
