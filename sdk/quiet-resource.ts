import * as pulumi from "@pulumi/pulumi";

/**
 * A custom resource that is made without stack traces. Pulumi: each declared output costs four promises, and each of
 * those formats a stack trace for Pulumi's own debugging; with ts-node's source maps that was a third of a program's
 * time at 1,000 resources. The position in the program is found all the same: the SDK sets its own limit for it.
 */
export abstract class QuietResource extends pulumi.CustomResource {
    constructor(type: string, name: string, properties: pulumi.Inputs, options: pulumi.CustomResourceOptions) {
        const { stackTraceLimit } = Error;
        Error.stackTraceLimit = 0;
        try {
            super(type, name, properties, options);
        } catch (error) {
            Error.stackTraceLimit = stackTraceLimit;
            if (error instanceof Error) Error.captureStackTrace(error);
            throw error;
        } finally {
            Error.stackTraceLimit = stackTraceLimit;
        }
    }
}
