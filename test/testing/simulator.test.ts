import { afterEach, expect, it } from "vitest";
import { type Simulator, startSimulator } from "../../sdk/testing/index";
import { clientFor, fetchAnswer } from "./harness";

let sim: Pick<Simulator, "close">;
afterEach(() => sim.close());

it("gives every region ports, a project and objects of its own, and fresh secrets each time", async () => {
    const one = await startSimulator();
    sim = one;
    const { "eu-de": de, "eu-nl": nl } = one.regions;
    expect(new Set([de.url, de.iamUrl, nl.url, nl.iamUrl].map((url) => new URL(url).port)).size).toBe(4);
    expect([de.url, de.iamUrl]).toEqual([
        expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
        expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/v3$/),
    ]);
    expect(de.projectId).toMatch(/^[0-9a-f]{32}$/);
    expect(de.projectId).not.toBe(nl.projectId);
    de.cloud.addVault();
    expect([de.cloud.vaults.size, nl.cloud.vaults.size]).toEqual([1, 0]);
    const two = await startSimulator();
    expect(two.credentials.password).not.toBe(one.credentials.password);
    await two.close();
});

it("takes regions, projects and credentials as given", async () => {
    const own = await startSimulator({
        regions: [{ name: "eu-west-101", projectId: "a".repeat(32), projectName: "team" }],
        credentials: { userName: "me", password: "secret-word", accessKey: "AK1", secretKey: "SK1" },
    });
    sim = own;
    expect(own.regions["eu-west-101"]).toMatchObject({
        projectId: "a".repeat(32),
        projectName: "team",
        dialect: "huawei",
    });
    expect(own.credentials).toMatchObject({
        userName: "me",
        password: "secret-word",
        accessKey: "AK1",
        secretKey: "SK1",
    });
    expect(() => own.region("eu-de")).toThrow("the simulator has no region eu-de: it has eu-west-101");
});

it("says how to point a program at it, for each way to sign in", async () => {
    const own = await startSimulator();
    sim = own;
    const { "eu-de": de, "eu-nl": nl } = own.regions;
    const { credentials } = own;
    const keys = own.settings();
    const endpoints = JSON.stringify({ "eu-de": de.url, "eu-nl": nl.url });
    expect(keys).toEqual({
        config: {
            "cbr:region": "eu-de",
            "cbr:projectId": de.projectId,
            "cbr:projectName": "eu-de",
            "cbr:authUrl": de.iamUrl,
            "cbr:endpoints": endpoints,
            "cbr:domainName": credentials.domainName,
            "cbr:accessKey": credentials.accessKey,
            "cbr:secretKey": credentials.secretKey,
        },
        environment: {
            HW_REGION_NAME: "eu-de",
            HW_PROJECT_ID: de.projectId,
            HW_PROJECT_NAME: "eu-de",
            HW_AUTH_URL: de.iamUrl,
            HW_DOMAIN_NAME: credentials.domainName,
            HW_ACCESS_KEY: credentials.accessKey,
            HW_SECRET_KEY: credentials.secretKey,
        },
    });
    expect(own.settings({ signIn: "password", region: "eu-nl" }).config).toMatchObject({
        "cbr:region": "eu-nl",
        "cbr:userName": credentials.userName,
        "cbr:password": credentials.password,
    });
    expect(own.settings({ signIn: "temporary-keys" }).environment).toMatchObject({
        HW_SECURITY_TOKEN: credentials.temporary.securityToken,
    });
    expect(own.settings({ signIn: "agency" }).config).toMatchObject({
        "cbr:projectId": de.delegated.projectId,
        "cbr:agencyName": credentials.agency.name,
        "cbr:agencyDomainName": credentials.agency.domainName,
    });
    const { environment } = own.settings({ signIn: "token" });
    const answer = await fetchAnswer(`${de.url}/v3/${de.projectId}/vaults`, {
        headers: { "x-auth-token": environment["HW_AUTH_TOKEN"] ?? "" },
    });
    expect(answer.status).toBe(200);
});

it("uses the variables of OTC for regions of OTC", async () => {
    const own = await startSimulator({ regions: [{ name: "eu-de", dialect: "otc" }] });
    sim = own;
    expect(Object.keys(own.settings({ signIn: "password" }).environment).sort()).toEqual([
        "OS_AUTH_URL",
        "OS_PASSWORD",
        "OS_PROJECT_ID",
        "OS_PROJECT_NAME",
        "OS_REGION_NAME",
        "OS_USERNAME",
        "OS_USER_DOMAIN_NAME",
    ]);
});

it("stops listening when closed, with connections open", async () => {
    const own = await startSimulator();
    sim = own;
    const cbr = clientFor(own, own.regions["eu-de"]);
    await cbr.get("/vaults");
    await own.close();
    await expect(cbr.get("/vaults")).rejects.toThrow();
});

it("stays quick with 10,000 checkpoints: work per request does not grow with what it is not asked about", async () => {
    const own = await startSimulator();
    sim = own;
    const { cloud } = own.regions["eu-de"];
    const vaults = Array.from({ length: 1000 }, () => cloud.addVault());
    for (let round = 0; round < 10; round += 1) for (const vault of vaults) cloud.addCheckpoint(vault.id);
    const cbr = clientFor(own, own.regions["eu-de"]);
    const { id } = await cbr.backUp(vaults[500]?.id ?? "");
    expect((await cbr.get(`/backups?checkpoint_id=${id}`)).body.count).toBe(1);
    expect((await cbr.get(`/backups?vault_id=${vaults[500]?.id}`)).body.count).toBe(11);
    let rows = 0;
    for (let offset = 0; ; offset += 1000) {
        const { backups, count } = (await cbr.get(`/backups?limit=1000&offset=${offset}`)).body;
        rows += backups.length;
        if (backups.length < 1000) {
            expect([rows, count]).toEqual([10_001, 10_001]);
            break;
        }
    }
    expect(cloud.checkpoints.size).toBe(10_001);
});

it("finishes a thousand runs that were started together", async () => {
    let nowMs = Date.UTC(2025, 0, 1);
    const own = await startSimulator({ clock: { now: () => nowMs } });
    sim = own;
    const { cloud } = own.regions["eu-de"];
    const cbr = clientFor(own, own.regions["eu-de"]);
    const vaults = Array.from({ length: 1000 }, () => cloud.addVault());
    await Promise.all(vaults.map((vault) => cbr.backUp(vault.id)));
    const statuses = () => [...new Set([...cloud.backups.values()].map((backup) => backup.status))];
    const seen = [statuses()];
    for (const stepMs of [100, 100]) {
        nowMs += stepMs;
        seen.push(statuses());
    }
    expect(seen).toEqual([["waiting_protect"], ["protecting"], ["available"]]);
});
