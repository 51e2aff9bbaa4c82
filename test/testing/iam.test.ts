import { afterEach, expect, it } from "vitest";
import { type Simulator, startSimulator } from "../../sdk/testing/index";
import { fetchAnswer, handClock } from "./harness";
import { signedHeaders } from "./sign";

let sim: Simulator;
afterEach(() => sim.close());

async function setUp(options: Parameters<typeof startSimulator>[0] = {}) {
    const clock = handClock();
    sim = (await startSimulator({ clock, ...options })) as Simulator;
    const region = sim.regions["eu-de"];
    const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
        fetchAnswer(`${region.iamUrl}${path}`, {
            method: "POST",
            headers: { "content-type": "application/json", ...headers },
            body: JSON.stringify(body),
        });
    const { userName, userId, password, domainName } = sim.credentials;
    const byName = { name: userName, password, domain: { name: domainName } };
    const identity = (user: object = byName) => ({ methods: ["password"], password: { user } });
    const signIn = (user?: object, scope: object | undefined = { project: { id: region.projectId } }, query = "") =>
        post(`/auth/tokens${query}`, { auth: { identity: identity(user), ...(scope ? { scope } : {}) } });
    const usable = async (token: string | null, at = region, projectId = at.projectId) =>
        (await fetchAnswer(`${at.url}/v3/${projectId}/vaults`, { headers: { "x-auth-token": token ?? "" } })).status;
    return { clock, region, post, signIn, usable, byName, identity, userId, password };
}

it("gives a token for name, domain and password, good for its project", async () => {
    const { clock, region, signIn, usable } = await setUp();
    const answer = await signIn();
    expect(answer.status).toBe(201);
    expect(answer.body.token).toMatchObject({
        methods: ["password"],
        issued_at: "2025-01-02T03:04:05.000000Z",
        expires_at: "2025-01-03T03:04:05.000000Z",
        project: { id: region.projectId, name: "eu-de" },
    });
    expect(
        answer.body.token.catalog.find((entry) => entry.type === "cbr")?.endpoints.map((endpoint) => endpoint.url),
    ).toEqual([`${region.url}/v3/${region.projectId}`]);
    const token = answer.headers.get("x-subject-token");
    expect([await usable(token), await usable(token, sim.regions["eu-nl"])]).toEqual([200, 401]);
    clock.advance(86_400_000);
    expect(await usable(token)).toBe(401);
});

it("signs in by user id, scopes by project name, and leaves the catalog out with nocatalog", async () => {
    const { region, signIn, userId, password } = await setUp();
    const answer = await signIn({ id: userId, password }, { project: { name: "eu-nl" } }, "?nocatalog=true");
    expect([answer.status, answer.body.token.project.id, answer.body.token.catalog]).toEqual([
        201,
        sim.regions["eu-nl"].projectId,
        [],
    ]);
    const both = { project: { id: region.projectId }, domain: { name: sim.credentials.domainName } };
    expect((await signIn({ id: userId, password }, both)).body.token.project.id).toBe(region.projectId);
});

it("gives domain tokens, which CBR refuses", async () => {
    const { signIn, usable } = await setUp();
    const answer = await signIn(undefined, { domain: { name: sim.credentials.domainName } });
    expect([answer.status, answer.body.token.domain]).toEqual([
        201,
        { id: sim.credentials.domainId, name: sim.credentials.domainName },
    ]);
    expect(await usable(answer.headers.get("x-subject-token"))).toBe(403);
});

it("lets tokens live as long as was set", async () => {
    const { clock, signIn, usable } = await setUp({ tokenLifeMs: 60_000 });
    const token = (await signIn()).headers.get("x-subject-token");
    clock.advance(59_999);
    expect(await usable(token)).toBe(200);
    clock.advance(1);
    expect(await usable(token)).toBe(401);
});

it("refuses wrong passwords and domains in Huawei's words", async () => {
    const { signIn, byName } = await setUp();
    for (const user of [
        { ...byName, password: "wrong" },
        { ...byName, domain: { name: "other" } },
        { name: byName.name, password: byName.password },
    ]) {
        const answer = await signIn(user);
        expect([answer.status, answer.body]).toEqual([
            401,
            { error_code: "IAM.0062", error_msg: "The username or password is wrong." },
        ]);
    }
});

it("refuses them in keystone's words on OTC", async () => {
    const { signIn, byName } = await setUp({ regions: [{ name: "eu-de", dialect: "otc" }] });
    const answer = await signIn({ ...byName, password: "wrong" });
    expect([answer.status, answer.body]).toEqual([
        401,
        { error: { code: 401, message: "The username or password is wrong.", title: "Unauthorized" } },
    ]);
});

it("does not find a wrong scope", async () => {
    const { region, signIn } = await setUp();
    const answer = await signIn(undefined, { project: { name: "eu-xx" } });
    expect([answer.status, answer.body]).toEqual([
        404,
        { error: { code: 404, message: "Could not find project: eu-xx.", title: "Not Found" } },
    ]);
    region.addProject({ projectName: "eu-de" });
    expect((await signIn(undefined, { project: { name: "eu-de" } })).status).toBe(404);
    expect((await signIn(undefined, { project: { name: "eu-nl", domain: { name: "other" } } })).status).toBe(404);
});

it("says that it has no multi-factor sign-in", async () => {
    const { post, identity } = await setUp();
    const answer = await post("/auth/tokens", { auth: { identity: { ...identity(), methods: ["password", "totp"] } } });
    expect([answer.status, answer.body.error_msg]).toEqual([401, expect.stringContaining("totp")]);
});

it("refuses a body that makes no sense with 400", async () => {
    const { post } = await setUp();
    expect((await post("/auth/tokens", { auth: {} })).status).toBe(400);
    expect((await post("/auth/tokens", { auth: { identity: { methods: ["magic"] } } })).status).toBe(400);
});

it("makes a new token of an old one, which dies with it", async () => {
    const { clock, post, signIn, usable } = await setUp({ tokenLifeMs: 60_000 });
    const old = (await signIn(undefined, { domain: { name: sim.credentials.domainName } })).headers.get(
        "x-subject-token",
    );
    clock.advance(30_000);
    const nl = sim.regions["eu-nl"];
    const scope = { project: { id: nl.projectId } };
    const answer = await post("/auth/tokens", {
        auth: { identity: { methods: ["token"], token: { id: old } }, scope },
    });
    const token = answer.headers.get("x-subject-token");
    expect([answer.status, await usable(token, nl)]).toEqual([201, 200]);
    clock.advance(30_000);
    expect(await usable(token, nl)).toBe(401);
});

it.each(["xrole_name", "agency_name"])("lets an agency work in the other domain's project (%s)", async (key) => {
    const { region, post, signIn, usable } = await setUp();
    const { agency } = sim.credentials;
    const own = (await signIn()).headers.get("x-subject-token") ?? "";
    const assume = (role: object, headers: Record<string, string>, project: object = { name: "eu-de" }) =>
        post(
            "/auth/tokens",
            { auth: { identity: { methods: ["assume_role"], assume_role: role }, scope: { project } } },
            headers,
        );
    const role = { domain_name: agency.domainName, [key]: agency.name };
    const answer = await assume(role, { "x-auth-token": own });
    expect([answer.status, answer.body.token.project]).toMatchObject([
        201,
        { id: region.delegated.projectId, domain: { name: agency.domainName } },
    ]);
    const token = answer.headers.get("x-subject-token");
    expect([await usable(token, region, region.delegated.projectId), await usable(token)]).toEqual([200, 403]);
    expect((await assume(role, {})).status).toBe(401);
    expect((await assume({ ...role, [key]: "other" }, { "x-auth-token": own })).status).toBe(404);
    expect((await assume(role, { "x-auth-token": own }, { id: region.projectId })).status).toBe(404);
    expect((await assume(role, { "x-auth-token": token ?? "" })).status).toBe(403);
});

it("finds projects by name, for tokens and for signatures", async () => {
    const { clock, region, signIn } = await setUp();
    const token = (await signIn()).headers.get("x-subject-token") ?? "";
    const url = `${region.iamUrl}/projects?name=eu-nl`;
    const expected = [{ id: sim.regions["eu-nl"].projectId, name: "eu-nl" }];
    expect((await fetchAnswer(url, { headers: { "x-auth-token": token } })).body.projects).toMatchObject(expected);
    const headers = signedHeaders({ method: "GET", url, ...sim.credentials, nowMs: clock.now() });
    expect((await fetchAnswer(url, { headers })).body.projects).toMatchObject(expected);
    const wrong = signedHeaders({ method: "GET", url, ...sim.credentials, secretKey: "wrong", nowMs: clock.now() });
    expect((await fetchAnswer(url, { headers: wrong })).body.error_code).toBe("APIGW.0301");
    expect((await fetchAnswer(url)).status).toBe(401);
    region.addProject({ projectName: "eu-nl" });
    expect((await fetchAnswer(url, { headers: { "x-auth-token": token } })).body.projects).toHaveLength(2);
});

it("knows its own region's projects only, when told so", async () => {
    const { signIn } = await setUp({ iamPerRegion: true });
    expect((await signIn(undefined, { project: { name: "eu-nl" } })).status).toBe(404);
});

it("tells the caller's domain, and a token's catalog", async () => {
    const { region, signIn } = await setUp();
    const headers = { "x-auth-token": (await signIn()).headers.get("x-subject-token") ?? "" };
    expect((await fetchAnswer(`${region.iamUrl}/auth/domains`, { headers })).body.domains).toMatchObject([
        { name: sim.credentials.domainName },
    ]);
    expect(
        (await fetchAnswer(`${region.iamUrl}/auth/catalog`, { headers })).body.catalog.map((entry) => entry.type),
    ).toEqual(["cbr", "iam"]);
});

it("gives temporary keys by token, by signature and by agency, that sign requests while they last", async () => {
    const { clock, region, signIn } = await setUp();
    const token = (await signIn()).headers.get("x-subject-token") ?? "";
    const url = `${region.iamUrl.replace("/v3", "")}/v3.0/OS-CREDENTIAL/securitytokens`;
    const ask = (identity: object, headers: Record<string, string>) =>
        fetchAnswer(url, {
            method: "POST",
            headers: { "content-type": "application/json", ...headers },
            body: JSON.stringify({ auth: { identity } }),
        });
    const canUse = async (credential: { access: string; secret: string; securitytoken: string }, projectId: string) => {
        const vaults = `${region.url}/v3/${projectId}/vaults`;
        const headers = signedHeaders({
            method: "GET",
            url: vaults,
            accessKey: credential.access,
            secretKey: credential.secret,
            nowMs: clock.now(),
            headers: { "x-security-token": credential.securitytoken },
        });
        return (await fetchAnswer(vaults, { headers })).status;
    };
    const byToken = await ask({ methods: ["token"], token: { duration_seconds: 900 } }, { "x-auth-token": token });
    expect([byToken.status, byToken.body.credential.expires_at]).toEqual([201, "2025-01-02T03:19:05.000000Z"]);
    expect(await canUse(byToken.body.credential, region.projectId)).toBe(200);
    expect((await ask({ methods: ["token"], token: { id: token } }, {})).status).toBe(201);

    const { agency } = sim.credentials;
    const role = {
        methods: ["assume_role"],
        assume_role: { domain_name: agency.domainName, agency_name: agency.name },
    };
    const body = JSON.stringify({ auth: { identity: role } });
    const signed = signedHeaders({ method: "POST", url, ...sim.credentials, nowMs: clock.now(), body });
    const byAgency = await ask(role, signed);
    expect(byAgency.status).toBe(201);
    expect([
        await canUse(byAgency.body.credential, region.delegated.projectId),
        await canUse(byAgency.body.credential, region.projectId),
    ]).toEqual([200, 403]);

    clock.advance(900_000);
    expect(await canUse(byToken.body.credential, region.projectId)).toBe(401);
    const short = await ask({ methods: ["token"], token: { duration_seconds: 60 } }, { "x-auth-token": token });
    expect([short.status, short.body.error_code]).toEqual([400, "IAM.0011"]);
});
