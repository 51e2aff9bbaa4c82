import { expect, it } from "vitest";
import * as cbr from "../../sdk/index";
import { needsCli } from "../support/pulumi";
import { hostNames, hosts, messages, openLife, ops, providerArgs } from "./life";

const keyless = { "cbr:accessKey": undefined, "cbr:secretKey": undefined };
const doctor = /npx pulumi-cbr doctor/g;

it("says once what credentials are missing, however many resources fail for it", async () => {
    const life = await openLife();
    const vaultId = life.vault();
    life.use(async () => {
        for (let index = 0; index < 3; index++)
            new cbr.Checkpoint(`point-${index}`, { vaultId, triggers: [index], deletionPolicy: "delete" });
    });
    await life.up();
    for (const key of Object.keys(keyless)) await life.stack.stack.removeConfig(key);
    life.forget();
    const report = await life.destroy({ expectFailure: true, runProgram: true });
    expect(messages(report).match(doctor)).toHaveLength(1);
    for (let index = 0; index < 3; index++) {
        const said = messages(report, `point-${index}`);
        expect(said).toMatch(/There are no credentials\.$/);
        expect(said.length).toBeLessThan(200);
    }
    expect(life.sim.requests).toEqual([]);
    expect(life.home.backups.size).toBe(3);
});

it("names a region that no table knows in the preview, at its property, without asking anybody", async () => {
    const life = await openLife({ config: keyless });
    const [vaultId, destinationVaultId] = [life.vault(), life.destination()];
    const problem = async (program: () => unknown) => {
        life.use(async () => {
            program();
        });
        return messages(await life.preview({ expectFailure: true }), "bad");
    };
    const known = "is no region that is known of Huawei Cloud";
    expect(await problem(() => new cbr.Checkpoint("bad", { vaultId, region: "cn-nrth-4" }))).toContain(
        `property region value {cn-nrth-4} has a problem: "cn-nrth-4" ${known}: did you mean cn-north-4?`,
    );
    const copies = { vaultId, destinationRegion: "cn-nrth-4", destinationVaultId };
    expect(await problem(() => new cbr.VaultReplication("bad", copies))).toContain(
        `property destinationRegion value {cn-nrth-4} has a problem: "cn-nrth-4" ${known}`,
    );
    expect(life.sim.requests).toEqual([]);
});

it("looks up an explicit provider's project by its own credentials, whatever project the shell names", async () => {
    const life = await openLife({ env: { HW_PROJECT_ID: "f".repeat(32), OS_REGION_NAME: "eu-de" } });
    const vaultId = life.vault();
    const { projectId: _, projectName: __, ...args } = providerArgs(life, "eu-de");
    life.use(async () => {
        const provider = new cbr.Provider("other", args);
        new cbr.Checkpoint("there", { vaultId }, { provider });
    });
    expect(ops(await life.up())).toContain("create there");
    const projects = new Set(life.sim.requests.map(({ path }) => /\/v3\/([0-9a-f]{32})\//.exec(path)?.[1]));
    expect([...projects].filter((one) => one !== undefined)).toEqual([life.sim.regions["eu-de"].projectId]);
});

it.for(hostNames)(
    "works in several regions and accounts at once, each with its own project: %s host",
    async (host, { skip }) => {
        await needsCli(skip, "both hosts are compared on Pulumi's own engine");
        const life = await openLife({ host, env: { HW_PROJECT_ID: "f".repeat(32) } });
        const cbr = hosts[host];
        const [home, away] = [life.sim.regions["eu-de"], life.sim.regions["eu-nl"]];
        const args = (settings: Readonly<Record<string, string>>) => {
            const {
                projectId: _,
                projectName: __,
                ...own
            } = Object.fromEntries(Object.entries(settings).map(([key, value]) => [key.replace("cbr:", ""), value]));
            return { ...own, endpoints: JSON.parse(own["endpoints"] ?? "{}"), cloud: "huaweicloud" };
        };
        const places = {
            here: { vaultId: life.vault(), project: home.projectId, provider: undefined },
            there: {
                vaultId: away.cloud.addVault().id,
                project: away.projectId,
                provider: args(life.sim.settings({ region: "eu-nl" }).config),
            },
            // The same region, in the account that has delegated to an agency.
            theirs: {
                vaultId: home.delegated.cloud.addVault().id,
                project: home.delegated.projectId,
                provider: args(life.sim.settings({ signIn: "agency" }).config),
            },
        };
        life.use(async () => {
            for (const [name, { vaultId, provider }] of Object.entries(places))
                new cbr.Checkpoint(
                    name,
                    { vaultId },
                    provider === undefined ? {} : { provider: new cbr.Provider(name, provider) },
                );
        });
        await life.up();
        for (const [name, { project }] of Object.entries(places))
            expect((await life.state(name)).outputs).toMatchObject({ projectId: project, status: "available" });
        await life.refresh();
        expect(ops(await life.preview())).toEqual([]);
        await life.destroy();
    },
);
