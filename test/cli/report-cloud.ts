// A cloud with something of everything that the report shows.
import {
    checkpointEntry,
    DAY,
    fileOf,
    HOUR,
    NOW,
    replicationEntry,
    startCloud,
    stateOf,
    type TestCloud,
} from "./cloud";

/** Two vaults with servers, one with disks; copies, gaps, failures, a policy; and a state that holds some of it. */
export async function reportCloud(): Promise<{ cloud: TestCloud; state: string }> {
    const cloud = await startCloud();
    const { home, away, copies } = cloud;
    home.addResource(cloud.production.id, { name: "cache-1" });
    home.setVault(cloud.production.id, { sizeGb: 4_000 });
    const staging = home.addVault({ name: "staging", sizeGb: 500, locked: true, resources: [{ name: "test-1" }] });
    const disks = home.addVault({
        name: "database-disks",
        objectType: "disk",
        sizeGb: 800,
        resources: [{ name: "pg-data", sizeGb: 200 }],
    });
    const server = (name: string) => cloud.server(name);
    for (let day = 27; day >= 0; day--) {
        const agoMs = day * DAY + 10 * HOUR;
        const resources = [server("web-1"), ...(day > 6 && day < 10 ? [] : [server("db-1")])];
        const backups = cloud.take(agoMs, {
            name: `nightly-${String(28 - day).padStart(2, "0")}`,
            resources,
            autoTrigger: true,
            expiresAt: new Date(NOW - agoMs + 28 * DAY),
            ...(day === 15 ? { status: "error" } : {}),
        });
        const copied = backups.filter((one) => one.resourceName === "web-1" && one.status === "available");
        if (day % 7 === 0 || day < 3) cloud.copy(copied);
        if (day === 12) cloud.copy(backups.filter((one) => one.resourceName === "db-1"));
        home.addCheckpoint(disks.id, { name: `disks-${day}`, createdAt: new Date(NOW - agoMs), autoTrigger: true });
        if (day % 3 === 0 && day > 8)
            home.addCheckpoint(staging.id, { name: `staging-${day}`, createdAt: new Date(NOW - agoMs) });
    }
    const release = cloud.take(5 * DAY, { name: "before-release", resources: [server("web-1"), server("db-1")] });
    const replicas = cloud.copy(release.filter((one) => one.resourceName === "web-1"));
    const [web] = release.filter((one) => one.resourceName === "web-1");
    away.setBackupStatus(
        cloud.copy(cloud.take(3 * HOUR, { name: "noon", resources: [server("db-1")] }))[0]?.id ?? "",
        "error",
    );
    away.setVault(copies.id, { sizeGb: 2_000 });
    const state = stateOf([
        checkpointEntry("before-release", cloud, release),
        ...(web === undefined
            ? []
            : [
                  replicationEntry(
                      "dr",
                      cloud,
                      replicas.map((one) => [web, one] as const),
                  ),
              ]),
    ]);
    return { cloud, state: fileOf(state) };
}
