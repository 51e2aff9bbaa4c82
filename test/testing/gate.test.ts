import { afterEach, expect, it } from "vitest";
import { type Simulator, startSimulator } from "../../sdk/testing/index";
import { clientFor, fetchAnswer, handClock, outcome } from "./harness";
import { signedHeaders } from "./sign";

let sim: Simulator;
afterEach(() => sim.close());

async function setUp(options: Parameters<typeof startSimulator>[0] = {}) {
    const clock = handClock();
    sim = (await startSimulator({ clock, checkAnswers: true, ...options })) as Simulator;
    const region = sim.regions["eu-de"];
    const url = `${region.url}/v3/${region.projectId}/vaults`;
    const signed = (
        more: Partial<Parameters<typeof signedHeaders>[0]> = {},
        headers: Record<string, string> = { "x-project-id": region.projectId },
    ) => {
        const options = { method: "GET", url, ...sim.credentials, nowMs: clock.now(), headers, ...more };
        return fetchAnswer(options.url, {
            method: options.method,
            headers: signedHeaders(options),
            ...(options.body === undefined ? {} : { body: options.body }),
        });
    };
    const withToken = (token: string, at = url) => fetchAnswer(at, { headers: { "x-auth-token": token } });
    return { clock, region, url, signed, withToken };
}

it("wants a token or a signature, also where a page calls the token optional", async () => {
    const { region, url } = await setUp();
    for (const at of [url, `${region.url}/v3/${region.projectId}/checkpoints/8b0851a8-adf3-4f4c-a914-dead08bf9664`]) {
        const answer = await fetchAnswer(at);
        expect([answer.status, answer.body]).toEqual([
            401,
            {
                error_code: "APIGW.0301",
                error_msg: "Incorrect IAM authentication information: x-auth-token not found",
                request_id: answer.headers.get("x-request-id"),
            },
        ]);
    }
});

it("refuses unknown, expired and revoked tokens with APIGW.0301", async () => {
    const { clock, withToken } = await setUp();
    expect(outcome(await withToken("MIIwrong"))).toEqual([401, "APIGW.0301"]);
    const token = sim.issueToken("eu-de", { lifeMs: 1000 });
    expect((await withToken(token)).status).toBe(200);
    clock.advance(1000);
    expect(outcome(await withToken(token))).toEqual([401, "APIGW.0301"]);
    const other = sim.issueToken("eu-de");
    sim.revokeTokens(other);
    expect(outcome(await withToken(other))).toEqual([401, "APIGW.0301"]);
});

it("refuses another project as OpenStack services do, where that is wished for", async () => {
    const { region, url, signed, withToken } = await setUp({ otherProject: "malformed-url" });
    const other = region.addProject({ projectName: "eu-de_team" });
    const elsewhere = url.replace(region.projectId, other.projectId);
    const unknown = url.replace(region.projectId, "f".repeat(32));
    for (const answer of [
        await withToken(sim.issueToken("eu-de"), elsewhere),
        await withToken(sim.issueToken("eu-de"), unknown),
        await signed({ url: elsewhere }),
        await signed({ url: unknown }, {}),
    ])
        expect([answer.status, answer.body]).toEqual([
            401,
            { unauthorized: { code: "401", message: "Malformed request url" } },
        ]);
    expect((await withToken(sim.issueToken("eu-de"))).status).toBe(200);
    expect(outcome(await withToken(sim.issueToken("eu-nl")))).toEqual([401, "APIGW.0307"]);
});

it("refuses another region's token with APIGW.0307, another project with 403", async () => {
    const { region, url, withToken } = await setUp();
    expect(outcome(await withToken(sim.issueToken("eu-nl")))).toEqual([401, "APIGW.0307"]);
    const other = region.addProject({ projectName: "eu-de_team" });
    const answer = await withToken(sim.issueToken("eu-de"), url.replace(region.projectId, other.projectId));
    expect(outcome(answer)).toEqual([403, "APIGW.0302"]);
});

it("knows paths before it asks who comes: 404 APIGW.0101, 405 APIGW.0501", async () => {
    const { region } = await setUp();
    const cbr = clientFor(sim, region);
    expect(outcome(await cbr.get("/checkpoint"))).toEqual([404, "APIGW.0101"]);
    expect(outcome(await fetchAnswer(`${region.url}/`))).toEqual([404, "APIGW.0101"]);
    expect(outcome(await fetchAnswer(`${region.url}/v2/${region.projectId}/vaults`))).toEqual([404, "APIGW.0101"]);
    expect(outcome(await cbr.get("/checkpoints"))).toEqual([405, "APIGW.0501"]);
    expect(outcome(await cbr.get("/checkpoints/sync"))).toEqual([405, "APIGW.0501"]);
    expect(outcome(await cbr.delete("/checkpoints/8b0851a8-adf3-4f4c-a914-dead08bf9664"))).toEqual([405, "APIGW.0501"]);
    expect(outcome(await cbr.send("PUT", "/vaults"))).toEqual([405, "APIGW.0501"]);
});

it("takes a query for lists only", async () => {
    const { region } = await setUp();
    const answer = await clientFor(sim, region).get("/checkpoints/8b0851a8-adf3-4f4c-a914-dead08bf9664?limit=1");
    expect(outcome(answer)).toEqual([400, "BackupService.9900"]);
});

it("serves CBR below a base path as well", async () => {
    const { region, clock } = await setUp();
    const url = `${region.urlWithPath}/v3/${region.projectId}/vaults`;
    expect((await fetchAnswer(url, { headers: { "x-auth-token": sim.issueToken() } })).status).toBe(200);
    const headers = signedHeaders({ method: "GET", url, ...sim.credentials, nowMs: clock.now() });
    expect((await fetchAnswer(url, { headers })).status).toBe(200);
});

it.each(["access", "credential"] as const)("takes signatures of the form %s", async (form) => {
    const { region, signed } = await setUp();
    expect((await signed({ form })).status).toBe(200);
    const vault = region.cloud.addVault();
    const body = JSON.stringify({ checkpoint: { vault_id: vault.id } });
    const url = `${region.url}/v3/${region.projectId}/checkpoints`;
    const headers = { "content-type": "application/json", "x-project-id": region.projectId };
    expect((await signed({ form, method: "POST", url, body }, headers)).status).toBe(200);
});

it("refuses an old date with APIGW.0303, wrong keys with APIGW.0301", async () => {
    const { clock, signed } = await setUp();
    expect(outcome(await signed({ nowMs: clock.now() - 16 * 60_000 }))).toEqual([401, "APIGW.0303"]);
    expect(outcome(await signed({ secretKey: "wrong" }))).toEqual([401, "APIGW.0301"]);
    expect(outcome(await signed({ accessKey: "UNKNOWN" }))).toEqual([401, "APIGW.0301"]);
});

it("blocks a key for 5 minutes after more than 5 failures in a row", async () => {
    const { clock, signed } = await setUp();
    const wrong = async (times: number) => {
        for (let failure = 0; failure < times; failure += 1) await signed({ secretKey: "wrong" });
    };
    await wrong(5);
    expect((await signed()).status).toBe(200);
    await wrong(5);
    expect((await signed()).status).toBe(200);
    await wrong(6);
    const blocked = await signed();
    expect([...outcome(blocked), blocked.body.error_msg]).toEqual([
        401,
        "APIGW.0301",
        "Incorrect IAM authentication information: the access key is blocked after too many failures",
    ]);
    clock.advance(300_000);
    expect((await signed()).status).toBe(200);
    sim.keyBlockMs = 1000;
    await wrong(6);
    sim.unblockKeys();
    expect((await signed()).status).toBe(200);
});

it("takes temporary keys only with their own security token, while they last", async () => {
    const { clock, region, signed } = await setUp();
    const { accessKey, secretKey, securityToken } = sim.credentials.temporary;
    const keys = { accessKey, secretKey };
    expect(outcome(await signed(keys))).toEqual([401, "APIGW.0301"]);
    expect(outcome(await signed(keys, { "x-security-token": "sts-wrong" }))).toEqual([401, "APIGW.0301"]);
    expect((await signed(keys, { "x-project-id": region.projectId, "x-security-token": securityToken })).status).toBe(
        200,
    );
    // terraform-provider-huaweicloud adds the token after signing.
    expect((await signed({ ...keys, unsigned: { "x-security-token": securityToken } })).status).toBe(200);
    clock.advance(86_400_000);
    expect(outcome(await signed({ ...keys, unsigned: { "x-security-token": securityToken } }))).toEqual([
        401,
        "APIGW.0301",
    ]);
});

it("refuses a project of another region, or another than X-Project-Id names", async () => {
    const { region, url, signed } = await setUp();
    const foreign = sim.regions["eu-nl"].projectId;
    expect(outcome(await signed({}, { "x-project-id": foreign }))).toEqual([403, "APIGW.0302"]);
    expect(outcome(await signed({ url: url.replace(region.projectId, foreign) }, {}))).toEqual([403, "APIGW.0302"]);
    expect((await signed({}, {})).status).toBe(200);
});

it("throttles above the requests a second that were set", async () => {
    const { clock, signed } = await setUp({ requestsPerSecond: 2 });
    const statuses = [await signed(), await signed(), await signed()].map((answer) => answer.status);
    clock.advance(1000);
    expect([...statuses, (await signed()).status]).toEqual([200, 200, 429, 200]);
});

it("refuses a body over 12 MB with 413", async () => {
    const { region } = await setUp();
    const answer = await clientFor(sim, region).post("/checkpoints", `"${"x".repeat(12 * 1024 * 1024)}"`);
    expect(outcome(answer)).toEqual([413, "APIGW.0201"]);
});

it("puts X-Request-Id on every answer, and another one each time", async () => {
    const { region } = await setUp();
    const cbr = clientFor(sim, region);
    const ids = [await cbr.get("/vaults"), await cbr.get("/nothing"), await cbr.get("/vaults?x=1")].map((answer) =>
        answer.headers.get("x-request-id"),
    );
    expect(new Set(ids).size).toBe(3);
    expect(sim.requests.map((entry) => entry.requestId)).toEqual(ids);
});
