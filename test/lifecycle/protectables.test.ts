// May this be backed up, and why not: in previews, in `up`, and asked by a program, where the cloud says it and where not.
import { expect, it } from "vitest";
import * as cbr from "../../sdk/index";
import { type LifeOptions, messages, openLife } from "./life";

const missing = "8b0851a8-adf3-4f4c-a914-dead08bf9664";
const cannotBackUp = { code: "BackupService.7002", reason: "The SCSI disk cannot be backed up." };
const otc: LifeOptions = {
    regions: [
        { name: "eu-de", dialect: "otc" },
        { name: "eu-nl", dialect: "otc" },
    ],
    config: { "cbr:cloud": "otc" },
};

it.each([
    ["Huawei Cloud", { config: { "cbr:cloud": "huaweicloud" } }],
    ["Open Telekom Cloud", otc],
] as const)("%s: a server that would be skipped, and a volume that no server has", async (cloud, options) => {
    const life = await openLife(options);
    const vaultId = life.vault({ resources: [{ disks: 2 }, { name: "db", cannotBackUp }] });
    const [server, barred] = [...(life.home.vaults.get(vaultId)?.resources.values() ?? [])];
    const says = cloud === "Huawei Cloud";
    let volume = missing;
    life.use(async () => {
        const detail = { id: server?.id ?? "", type: "OS::Nova::Server", excludeVolumes: [volume] };
        const other = { id: barred?.id ?? "", type: "OS::Nova::Server" };
        new cbr.Checkpoint("point", { vaultId, resourceDetails: [detail, other] });
        const found = await cbr.getProtectables({ objectType: "server" }).catch((error: Error) => error.message);
        return {
            found: typeof found === "string" ? found : found.filter((one) => !one.protectable).map(({ id }) => id),
        };
    });
    if (says) {
        const refused = await life.preview({ expectFailure: true });
        expect(messages(refused, "point")).toMatch(
            /property resourceDetails\[0\]\.excludeVolumes\[0\] value .* server \S+ has no volume 8b0851a8/,
        );
        volume = server?.disks[1]?.id ?? "";
    }
    const warning = `resource ${barred?.id} (db) will be skipped: it cannot be backed up now (BackupService.7002`;
    const preview = await life.preview();
    const up = await life.up();
    for (const report of [preview, up])
        if (says) expect(messages(report, "point")).toContain(warning);
        else expect(messages(report, "point")).not.toContain("will be skipped");
    expect((await life.stack.outputs())["found"]?.value).toEqual(
        says
            ? [barred?.id]
            : "getProtectables: Open Telekom Cloud cannot be asked this: its API has no ListProtectable.",
    );
    const { outputs } = await life.state("point");
    expect(outputs["skippedResources"]).toMatchObject([{ id: barred?.id, code: cannotBackUp.code }]);
    expect(life.calls().some((call) => /Protectable/.test(call))).toBe(says);
});
