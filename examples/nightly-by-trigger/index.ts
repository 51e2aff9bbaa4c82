// A restore point each night: the trigger is the day, so the first `pulumi up` of a day takes one and all others of
// that day change nothing. A scheduled pipeline runs it at night.
import * as pulumi from "@pulumi/pulumi";
import * as cbr from "pulumi-cbr";

const config = new pulumi.Config();
// UTC, as the API's times are. Settable, to repeat a night or to try this out.
const day = config.get("day") ?? new Date().toISOString().slice(0, 10);
const isSunday = new Date(`${day}T00:00:00Z`).getUTCDay() === 0;

const nightly = new cbr.Checkpoint("nightly", {
    vaultId: config.require("vaultId"),
    triggers: { day },
    // Full on Sundays, incremental on all other days.
    incremental: !isSunday,
    // Marked as automatic, so that the vault's own retention rule removes old nights.
    autoTrigger: true,
    // A machine that is being restored tonight is no reason to fail.
    onSkipped: "warn",
    timeouts: { create: "6h" },
});

export const checkpointId = nightly.id;
export const takenAt = nightly.createdAt;
export const skipped = nightly.skippedResources;
