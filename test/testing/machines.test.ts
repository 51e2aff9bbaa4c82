// Sign-in of machines against the simulator: the client's own way through settings, sign-in and signed calls.
import { afterEach, expect, it } from "vitest";
import { listVaults } from "../../provider/client/operations";
import { memoryJournal } from "../../provider/exactly-once/journal";
import { createServices } from "../../provider/services/services";
import { type Dialect, type SignIn, type Simulator, startSimulator } from "../../sdk/testing/index";

let sim: Simulator;
afterEach(() => sim.close());

async function start(dialect: Dialect = "huawei"): Promise<void> {
    sim = await startSimulator({
        regions: [
            { name: "eu-de", dialect },
            { name: "eu-nl", dialect },
        ],
    });
    for (const region of ["eu-de", "eu-nl"]) sim.region(region).cloud.addVault({});
}

/** Vaults of a region, as a program sees them with these settings. */
async function vaults(signIn: SignIn, region = "eu-de", more: Record<string, string> = {}): Promise<number> {
    const config: Record<string, string> = { ...sim.settings({ signIn }).config, ...more };
    const { client } = createServices((key) => config[key], {}, { journal: memoryJournal() });
    return (await client.call(listVaults, { target: await client.target(region) })).vaults.length;
}
const operations = () => sim.requests.map(({ operation }) => operation);

it.each<[Dialect, SignIn, readonly string[]]>([
    ["huawei", "web-identity", ["CreateTokenWithIdToken", "CreateTemporaryAccessKey", "ListVaults"]],
    ["otc", "web-identity", ["CreateTokenWithIdToken", "CreateTemporaryAccessKey", "ListVaults"]],
    ["huawei", "instance", ["CreateMetadataToken", "ShowSecurityKey", "ListVaults"]],
    ["otc", "instance", ["CreateMetadataToken", "ShowSecurityKey", "ListVaults"]],
])("in dialect %s a program signs in by %s", async (dialect, signIn, expected) => {
    await start(dialect);
    expect(await vaults(signIn)).toBe(1);
    expect(operations()).toEqual(expected);
});

it.each<SignIn>(["web-identity", "instance"])("by %s a copy's region is reached, too", async (signIn) => {
    await start();
    expect(await vaults(signIn, "eu-nl")).toBe(1);
});

it("takes no other identity token, and knows no other provider", async () => {
    await start();
    await expect(vaults("web-identity", "eu-de", { "cbr:idToken": "another-token" })).rejects.toThrow(
        "HTTP 401 IAM.0001: The id token is invalid or has expired",
    );
    await expect(vaults("web-identity", "eu-de", { "cbr:identityProvider": "another" })).rejects.toThrow(
        'knows no identity provider "another"',
    );
});

it("can fail as a metadata service does", async () => {
    await start();
    sim.fail({ operation: "CreateMetadataToken", effect: { status: 405, shape: "empty" } });
    expect(await vaults("instance")).toBe(1);
    sim.fail({ operation: "ShowSecurityKey", effect: { status: 401, shape: "empty" } });
    await expect(vaults("instance")).rejects.toThrow("does this server have one?");
    sim.fail({ operation: "CreateTokenWithIdToken", effect: { status: 503 } });
    expect(await vaults("web-identity")).toBe(1);
});

it("wants the metadata token's life, and refuses one that it did not give", async () => {
    await start();
    const { origin } = new URL(sim.settings().config["cbr:authUrl"] ?? "");
    const token = await fetch(`${origin}/meta-data/latest/api/token`, { method: "PUT" });
    expect(token.status).toBe(400);
    const keys = await fetch(`${origin}/openstack/latest/securitykey`, { headers: { "x-metadata-token": "made-up" } });
    expect(keys.status).toBe(401);
});
