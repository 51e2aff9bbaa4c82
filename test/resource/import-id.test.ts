import { expect, it } from "vitest";
import { parseRegionalId, parseReplicaId } from "../../provider/resource/import-id";

const id = "3b5816b5-f29c-4172-9d9a-76c719a659ce";
const vault = "4d5816b5-f29c-4172-9d9a-76c719a659ce";

it("takes an id alone, or with its region", () => {
    expect(parseRegionalId("Checkpoint", id)).toEqual({ id, inputs: {} });
    expect(parseRegionalId("Checkpoint", `eu-nl/${id}`)).toEqual({ id, inputs: { region: "eu-nl" } });
});

it.each(["", "x", `eu-de/${id}/y`, `/${id}`, `eu de/${id}`])("refuses %j and says what an id is", (text) => {
    expect(() => parseRegionalId("Checkpoint", text)).toThrow(
        `${text} is no import id of a Checkpoint, which is <id> or <region>/<id>`,
    );
});

it("takes a replica's record with what it is found through", () => {
    const inputs = { backupId: id, destinationRegion: "eu-nl", destinationVaultId: vault };
    expect(parseReplicaId(`${id}/eu-nl/${vault}/${id}`)).toEqual({ id, inputs });
    expect(parseReplicaId(`${id}/eu-nl/${vault}/task/1`)).toEqual({ id: "task/1", inputs });
});

it.each([id, `${id}/eu-nl/${vault}`, `${id}/eu-nl/${vault}/`, `x/eu-nl/${vault}/${id}`])("refuses %j", (text) => {
    expect(() => parseReplicaId(text)).toThrow(/which is <backup id>\/<destination region>\//);
});
