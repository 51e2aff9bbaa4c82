import { expect, it } from "vitest";
import { ResourceHost } from "../../../provider/pulumi/native/resource-host";
import { sealed } from "../../../provider/pulumi/secrets";
import { UNKNOWN } from "../../../provider/pulumi/values";
import { checkpoint } from "../../../provider/resources/checkpoint/checkpoint";
import { requireTypeScript } from "../../support/require-typescript";

requireTypeScript();

const urn = "urn:pulumi:dev::test::cbr:index:Checkpoint::point";
const vaultId = "3b5816b5-f29c-4172-9d9a-76c719a659ce";
const preview = { urn, isPreview: true };
const host = new ResourceHost(checkpoint);

const stored = {
    vaultId,
    region: "eu-de",
    projectId: "0123456789abcdef0123456789abcdef",
    checkpointId: vaultId,
    name: "point-01234567",
    status: "available",
    vault: { id: vaultId, resources: [{ id: "server" }], skippedResources: [] },
    skippedResources: [],
    backups: [{ id: "backup", status: "available", resourceId: "server", children: [] }],
    backupIds: ["backup"],
    backupIdByResource: { server: "backup" },
};

it("previews a create: inputs as they are, secrets secret, all else unknown but where it is", async () => {
    const news = { vaultId: sealed(UNKNOWN), region: "eu-nl", description: sealed("a hidden text"), wait: false };
    const { id, properties } = await host.create(preview, news);
    expect([id, properties]).toEqual([
        "",
        expect.objectContaining({ ...news, status: UNKNOWN, name: UNKNOWN, backupIds: UNKNOWN, projectId: UNKNOWN }),
    ]);
});

it("previews an update with the outputs that it will have, where nothing is left to do", async () => {
    const news = { vaultId, deletionPolicy: "delete", description: sealed("a hidden text") };
    const { properties } = await host.update(preview, vaultId, stored, news);
    expect(properties).toEqual({ ...stored, ...news, __urn: urn });
});

it("keeps outputs known whatever becomes of an input that is not known yet", async () => {
    const news = { vaultId, deletionPolicy: UNKNOWN, onPartialFailure: UNKNOWN };
    const { properties } = await host.update(preview, vaultId, stored, news);
    expect(properties).toEqual({ ...stored, ...news, __urn: urn });
});

it("leaves outputs unknown where an update has something left to do, or an input decides whether it has", async () => {
    const unfinished = await host.update(preview, vaultId, { ...stored, status: "protecting" }, { vaultId });
    const [backup] = stored.backups;
    const backups = [backup, { ...backup, id: "other", status: "error", resourceId: "disk" }];
    const inPart = { ...stored, backups };
    const undecided = await host.update(preview, vaultId, inPart, { vaultId, onPartialFailure: UNKNOWN });
    for (const { properties } of [unfinished, undecided]) {
        expect([properties["status"], properties["backupIds"]]).toEqual([UNKNOWN, UNKNOWN]);
        expect([properties["region"], properties["name"]]).toEqual([stored.region, stored.name]);
    }
});
