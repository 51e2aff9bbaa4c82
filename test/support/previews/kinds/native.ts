/** Stacks that the native provider serves: the same resources by other types. */
import type * as dynamic from "../../../../sdk/index";
import type { Kind } from "../kind";
import { copied, deletes, empty, existing, one, STREAM, two } from "../programs";

export const native: readonly Kind[] = [
    { name: "native-first", what: "the first restore point and its copies", native: true, program: copied },
    { name: "native-no-change", what: "nothing changes", native: true, before: [{ up: one }] },
    {
        name: "native-new-trigger",
        what: "a trigger replaces a restore point",
        native: true,
        before: [{ up: one }],
        program: two,
    },
    {
        name: "native-removed-streaming",
        what: "a restore point with deletionPolicy delete and its copies leave the program, as events",
        native: true,
        before: [{ up: deletes }],
        program: empty,
        env: STREAM,
    },
    {
        name: "native-component",
        what: "the component takes a restore point and copies it, by an explicit provider",
        native: true,
        program: ({ cbr, pulumi, vaultId, copiesVaultId, web }) => {
            const settings = new pulumi.Config("cbr");
            const provider = new cbr.Provider("de", {
                region: "eu-de",
                accessKey: settings.require("accessKey"),
                secretKey: settings.requireSecret("secretKey"),
                endpoints: JSON.parse(settings.require("endpoints")),
                cloud: "huaweicloud",
                authUrl: settings.get("authUrl") as string,
            });
            new cbr.ReplicatedCheckpoint(
                "dr",
                { vaultId, resources: [web], copies: [{ region: "eu-nl", vaultId: copiesVaultId }] },
                { providers: [provider] },
            );
        },
    },
    {
        name: "native-import",
        what: "a restore point is imported",
        native: true,
        seed: existing,
        program: ({ cbr, config, vaultId }) =>
            new cbr.Checkpoint("cp", { vaultId }, { import: config.require("existing") }),
    },
    {
        name: "dynamic-to-native",
        what: "a stack of dynamic resources is served by the native provider",
        native: true,
        before: [
            {
                up: ({ vaultId }) => {
                    const { Checkpoint } = require("pulumi-cbr") as typeof dynamic;
                    new Checkpoint("cp", { vaultId, triggers: { release: "1" } });
                },
            },
        ],
        program: one,
    },
];
