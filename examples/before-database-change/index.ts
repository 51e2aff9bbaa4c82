// A restore point of the database's server, taken and waited for right before Pulumi changes or deletes the database.
// If it is not good, the change does not happen. Runs that change nothing take none.
import * as pulumi from "@pulumi/pulumi";
import * as cbr from "pulumi-cbr";
import { Database } from "./database";

const config = new pulumi.Config();

const database = new Database(
    "orders",
    { engineVersion: config.get("engineVersion") ?? "16" },
    {
        hooks: cbr.checkpointBefore({
            name: "before-orders",
            vaultId: config.require("vaultId"),
            resources: [config.require("serverId")],
        }),
    },
);

export const engineVersion = database.engineVersion;
