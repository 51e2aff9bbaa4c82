import { afterEach, expect, it } from "vitest";
import { type Simulator, startSimulator } from "../../sdk/testing/index";
import { clientFor, fetchAnswer } from "./harness";
import { signedHeaders } from "./sign";

let sim: Simulator;
afterEach(() => sim.close());

it("logs what came, in order, merged and by region", async () => {
    sim = await startSimulator();
    const { "eu-de": de, "eu-nl": nl } = sim.regions;
    const vault = de.cloud.addVault();
    const begun = Date.now();
    await clientFor(sim, de).tryBackUp(vault.id, { name: "n" });
    await clientFor(sim, nl).get("/backups?limit=2&name=a%20b");
    await clientFor(sim, de).get("/nothing");
    expect(sim.requests).toEqual([
        {
            receivedAt: expect.any(String),
            service: "cbr",
            region: "eu-de",
            method: "POST",
            path: `/v3/${de.projectId}/checkpoints`,
            query: "",
            body: { checkpoint: { vault_id: vault.id, parameters: { name: "n" } } },
            status: 200,
            code: "",
            requestId: expect.stringMatching(/^[0-9a-f]{32}$/),
            operation: "CreateCheckpoint",
            auth: "token",
            faults: [],
        },
        expect.objectContaining({
            region: "eu-nl",
            operation: "ListBackups",
            query: "limit=2&name=a%20b",
            body: undefined,
        }),
        expect.objectContaining({ operation: "", status: 404, code: "APIGW.0101" }),
    ]);
    expect(Date.parse(sim.requests[0]?.receivedAt ?? "")).toBeGreaterThanOrEqual(begun);
    expect(nl.requests.map((entry) => entry.operation)).toEqual(["ListBackups"]);
    sim.clearRequests();
    expect(sim.requests).toEqual([]);
});

it("marks a request that never got an answer with status 0", async () => {
    sim = await startSimulator();
    sim.fail({ effect: "reset-before" });
    await expect(clientFor(sim, sim.regions["eu-de"]).get("/vaults")).rejects.toThrow();
    expect(sim.requests.map(({ status, faults }) => [status, faults])).toEqual([[0, ["reset-before"]]]);
});

it("never contains a password, a key, a token or a signature", async () => {
    sim = await startSimulator();
    const region = sim.regions["eu-de"];
    const { userName, password, domainName, accessKey, secretKey, temporary } = sim.credentials;
    const post = (url: string, body: unknown, headers = {}) =>
        fetchAnswer(url, {
            method: "POST",
            headers: { "content-type": "application/json", ...headers },
            body: JSON.stringify(body),
        });
    const user = { name: userName, password, domain: { name: domainName } };
    const scope = { project: { id: region.projectId } };
    const answer = await post(`${region.iamUrl}/auth/tokens`, {
        auth: { identity: { methods: ["password"], password: { user } }, scope },
    });
    const token = answer.headers.get("x-subject-token") ?? "";
    const again = { auth: { identity: { methods: ["token"], token: { id: token } }, scope } };
    await post(`${region.iamUrl}/auth/tokens`, again);
    const keysUrl = `${region.iamUrl}.0/OS-CREDENTIAL/securitytokens`;
    const keys = (await post(keysUrl, { auth: { identity: { methods: ["token"], token: { id: token } } } })).body
        .credential;
    const url = `${region.url}/v3/${region.projectId}/vaults?name=${token}&status=${keys.secret}`;
    const headers = signedHeaders({ method: "GET", url, ...sim.credentials, nowMs: Date.now() });
    await fetchAnswer(url, { headers });
    await post(`${region.iamUrl}/auth/tokens`, {
        auth: { identity: { methods: ["password"], password: { user: { ...user, password: "mistyped-secret" } } } },
    });
    const stray = await fetchAnswer(`${region.url}/v3/${region.projectId}/checkpoints`, {
        method: "POST",
        body: `no json ${temporary.securityToken}`,
    });
    expect([answer.status, keys.access.length > 0, stray.status]).toEqual([201, true, 401]);

    const text = JSON.stringify(sim.requests);
    const signature = headers["authorization"]?.split("Signature=")[1] ?? "none";
    const secrets = [password, "mistyped-secret", accessKey, secretKey, token, signature, ...Object.values(temporary)];
    const all = [...secrets, keys.access, keys.secret, keys.securitytoken];
    expect(all.filter((secret) => text.includes(secret))).toEqual([]);
    expect(text).toContain(userName);
});
