import { expect, it } from "vitest";
import { displayText } from "../../provider/client/errors/redaction";
import { registerSecretInputs, SECRET_KEY, sealSecrets } from "../../provider/pulumi/secrets";

const sealed = (value: unknown) => ({
    "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
    value,
});

it("seals every value that repeats a secret input, at any depth, and nothing else", () => {
    const inputs = { name: "Hidden-name", vaultId: "v", [SECRET_KEY]: "name" };
    const outputs = {
        name: "Hidden-name",
        vaultId: "v",
        status: "available",
        count: 2,
        none: null,
        backups: [
            { id: "b", name: "Hidden-name-0001", children: [{ name: "disk of hidden-name" }] },
            { name: "other" },
        ],
        reason: "no room for Hidden-name",
    };
    expect(sealSecrets(outputs, inputs)).toEqual({
        ...outputs,
        backups: [
            { id: "b", name: sealed("Hidden-name-0001"), children: [{ name: sealed("disk of hidden-name") }] },
            { name: "other" },
        ],
        reason: sealed("no room for Hidden-name"),
    });
});

it("seals a whole map that has a secret for a key, and takes secrets out of lists and objects", () => {
    const inputs = {
        resources: ["SERVER-1"],
        resourceDetails: [{ name: "box-42" }],
        [SECRET_KEY]: "resources,resourceDetails",
    };
    const byResource = { "server-1": "b-1" };
    expect(sealSecrets({ byResource, resourceName: "box-42", resources: ["SERVER-1"] }, inputs)).toEqual({
        byResource: sealed(byResource),
        resourceName: sealed("box-42"),
        resources: ["SERVER-1"],
    });
});

it("does not take a short secret for part of every word", () => {
    const inputs = { name: "db", [SECRET_KEY]: "name" };
    expect(sealSecrets({ a: "db", b: "db-0001", c: "adbc", d: "dbx" }, inputs)).toEqual({
        a: sealed("db"),
        b: sealed("db-0001"),
        c: "adbc",
        d: "dbx",
    });
});

it("leaves all as it is where no input is secret, or the note says nothing", () => {
    const outputs = { backups: [{ name: "a-name" }] };
    for (const note of [undefined, "", 7, "nothing"])
        expect(sealSecrets(outputs, { name: "a-name", [SECRET_KEY]: note })).toEqual(outputs);
});

it("keeps secret inputs out of every text that is shown", () => {
    registerSecretInputs({ name: "Only-here-once", description: "plain-description", [SECRET_KEY]: "name" });
    expect(displayText("Only-here-once, only-here-once, plain-description")).toBe(
        "[secret], [secret], plain-description",
    );
});
