import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import * as ts from "typescript";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { fileOf } from "./cloud";
import { runCli } from "./run-cli";

const id = (number: number) => `5d822633-2bbf-4af8-a16e-${String(number).padStart(12, "0")}`;

interface Resource {
    type: string;
    name: string;
    module?: string;
    mode?: string;
    instances: object[];
}
const checkpoint = (number: number, more: object = {}) => ({
    schema_version: 0,
    attributes: {
        id: id(number),
        vault_id: id(100),
        name: `taken-${number}`,
        region: "eu-west-101",
        incremental: true,
        backups: [{ id: id(200), resource_id: id(300), type: "OS::Nova::Server" }],
        ...more,
    },
});
const resource = (name: string, instances: object[], more: Partial<Resource> = {}): Resource => ({
    mode: "managed",
    type: "huaweicloud_cbr_checkpoint",
    name,
    instances,
    ...more,
});
const tfstate = (...resources: Resource[]) =>
    fileOf(
        { version: 4, terraform_version: "1.13.0", serial: 3, lineage: "x", outputs: {}, resources },
        "terraform.tfstate",
    );

const adopt = (...args: string[]) => runCli(["adopt", ...args]);

describe("adopt", () => {
    it("writes a Checkpoint that adopts for each restore point, with its vault, region and name", async () => {
        const run = await adopt(
            tfstate(
                resource("before_release", [checkpoint(1)]),
                resource(
                    "nightly",
                    [
                        { index_key: "eu de", ...checkpoint(2) },
                        { index_key: 3, ...checkpoint(3) },
                    ],
                    {
                        module: 'module.shop["a"].module.backup',
                    },
                ),
                resource("old", [checkpoint(9)], { mode: "data" }),
            ),
        );
        expect([run.code, run.err]).toEqual([0, ""]);
        expect(
            run.out,
        ).toBe(`// Restore points that Terraform took, from here on managed by Pulumi. Each is read, and nothing is sent: no backup is
// taken and none is changed. Afterwards take them out of Terraform's configuration, and out of its state without
// destroying them:
//   terraform state rm 'huaweicloud_cbr_checkpoint.before_release'
//   terraform state rm 'module.shop["a"].module.backup.huaweicloud_cbr_checkpoint.nightly["eu de"]'
//   terraform state rm 'module.shop["a"].module.backup.huaweicloud_cbr_checkpoint.nightly[3]'

import * as cbr from "pulumi-cbr";

// huaweicloud_cbr_checkpoint.before_release
export const beforeReleaseId = new cbr.Checkpoint("before_release", {
    region: "eu-west-101",
    vaultId: "${id(100)}",
    name: "taken-1",
    adopt: "${id(1)}",
}).checkpointId;

// module.shop["a"].module.backup.huaweicloud_cbr_checkpoint.nightly["eu de"]
export const shopABackupNightlyEuDeId = new cbr.Checkpoint("shop-a-backup-nightly-eu-de", {
    region: "eu-west-101",
    vaultId: "${id(100)}",
    name: "taken-2",
    adopt: "${id(2)}",
}).checkpointId;

// module.shop["a"].module.backup.huaweicloud_cbr_checkpoint.nightly[3]
export const shopABackupNightly3Id = new cbr.Checkpoint("shop-a-backup-nightly-3", {
    region: "eu-west-101",
    vaultId: "${id(100)}",
    name: "taken-3",
    adopt: "${id(3)}",
}).checkpointId;
`);
    });

    it("names what cannot be taken over, in the program and beside it", async () => {
        const other = (type: string, attributes: object = { id: id(50) }) => resource("it", [{ attributes }], { type });
        const run = await adopt(
            tfstate(
                resource("good", [checkpoint(1)]),
                resource("twin", [checkpoint(1)]),
                resource("half", [{ status: "tainted", ...checkpoint(2) }]),
                resource("replaced", [{ deposed: "4f1c", ...checkpoint(3) }]),
                resource("empty", [checkpoint(4, { id: "" })]),
                resource("homeless", [checkpoint(5, { vault_id: null })]),
                other("huaweicloud_cbr_vault"),
                other("opentelekomcloud_cbr_policy_v3"),
                other("huaweicloud_cbr_replicate_backup"),
                other("huaweicloud_cbr_checkpoint_copy"),
                other("huaweicloud_cbr_checkpoint_sync"),
                other("huaweicloud_cbr_restore"),
                other("huaweicloud_cbr_backup_share"),
                other("opentelekomcloud_csbs_backup_v1"),
                other("huaweicloud_compute_instance"),
            ),
        );
        expect(run.code).toBe(0);
        const lines = run.err.trimEnd().split("\n");
        expect(lines.map((line) => line.replace(/^not taken over: (\S+?): .*$/, "$1"))).toEqual([
            "huaweicloud_cbr_checkpoint.twin",
            "huaweicloud_cbr_checkpoint.half",
            expect.stringContaining("huaweicloud_cbr_checkpoint.replaced (deposed 4f1c): Terraform has replaced it"),
            "huaweicloud_cbr_checkpoint.empty",
            "huaweicloud_cbr_checkpoint.homeless",
            "huaweicloud_cbr_vault.it",
            "opentelekomcloud_cbr_policy_v3.it",
            "huaweicloud_cbr_replicate_backup.it",
            "huaweicloud_cbr_checkpoint_copy.it",
            "huaweicloud_cbr_checkpoint_sync.it",
            "huaweicloud_cbr_restore.it",
            "huaweicloud_cbr_backup_share.it",
            "opentelekomcloud_csbs_backup_v1.it",
        ]);
        expect(run.err).toContain("twin: it is the same restore point as huaweicloud_cbr_checkpoint.good");
        for (const line of lines) expect(run.out).toContain(`//   ${line.replace("not taken over: ", "")}`);
        expect(run.out.match(/new cbr\.Checkpoint/g)).toHaveLength(1);
    });

    it("gives resources and variables that would have the same name different ones, and valid ones", async () => {
        const { out } = await adopt(
            tfstate(
                resource("a-b", [checkpoint(1)]),
                resource("a_b", [checkpoint(2)]),
                resource("x", [
                    { index_key: "a.b", ...checkpoint(3) },
                    { index_key: "a b", ...checkpoint(4) },
                ]),
                resource("1st", [checkpoint(5)]),
                resource("täglich", [checkpoint(6)]),
            ),
        );
        const names = [...out.matchAll(/Checkpoint\("([^"]+)"/g)].map(([, name]) => name);
        expect(names).toEqual(["a-b", "a_b", "x-a-b", "x-a-b-2", "1st", "täglich"]);
        const variables = [...out.matchAll(/export const (\w+) =/g)].map(([, name]) => name);
        expect(new Set(variables).size).toBe(6);
        const { diagnostics = [] } = ts.transpileModule(out, { reportDiagnostics: true });
        expect(diagnostics.map(({ messageText }) => messageText)).toEqual([]);
    });

    it("is not broken by what an address or a name may hold", async () => {
        const evil = "it's\"]\n*/ process.exit(1); //\u2028";
        const { out } = await adopt(
            tfstate(
                resource("a", [{ index_key: evil, ...checkpoint(1, { name: 'n"\n' }) }]),
                resource("b", [{ index_key: evil, ...checkpoint(2, { id: "" }) }]),
            ),
        );
        const { diagnostics = [] } = ts.transpileModule(out, { reportDiagnostics: true });
        expect(diagnostics.map(({ messageText }) => messageText)).toEqual([]);
        expect(out).toContain(String.raw`terraform state rm 'huaweicloud_cbr_checkpoint.a["it'\''s\"]`);
        const code = ts
            .createPrinter({ removeComments: true })
            .printFile(ts.createSourceFile("x.ts", out, ts.ScriptTarget.ES2023));
        expect(code).not.toContain("process.exit");
        expect(
            parse(
                (await adopt(tfstate(resource("a", [{ index_key: evil, ...checkpoint(1) }])), "--language", "yaml"))
                    .out,
            ).runtime,
        ).toBe("yaml");
    });

    it("writes YAML for the native provider", async () => {
        const { out } = await adopt(tfstate(resource("before", [checkpoint(1)])), "--language", "yaml");
        expect(parse(out)).toEqual({
            name: "adopted-restore-points",
            runtime: "yaml",
            plugins: { providers: [{ name: "cbr", path: "node_modules/pulumi-cbr" }] },
            resources: {
                before: {
                    type: "cbr:Checkpoint",
                    properties: { region: "eu-west-101", vaultId: id(100), name: "taken-1", adopt: id(1) },
                },
            },
        });
        expect(out).toContain("#   terraform state rm 'huaweicloud_cbr_checkpoint.before'");
    });

    it("reads what `terraform show -json` wrote, modules and all", async () => {
        const values = (number: number) => checkpoint(number).attributes;
        const one = (address: string, number: number, more: object = {}) => ({
            address,
            mode: "managed",
            type: "huaweicloud_cbr_checkpoint",
            values: values(number),
            ...more,
        });
        const file = fileOf({
            format_version: "1.0",
            values: {
                root_module: {
                    resources: [
                        one("huaweicloud_cbr_checkpoint.a", 1),
                        one("huaweicloud_cbr_checkpoint.b", 2, { tainted: true }),
                    ],
                    child_modules: [{ resources: [one("module.m.huaweicloud_cbr_checkpoint.c[0]", 3)] }],
                },
            },
        });
        const { out, err } = await adopt(file);
        expect([...out.matchAll(/Checkpoint\("([^"]+)"/g)].map(([, name]) => name)).toEqual(["a", "m-c-0"]);
        expect(err).toMatch(/^not taken over: huaweicloud_cbr_checkpoint\.b: Terraform has it as tainted/);
    });

    it("writes a file when told to", async () => {
        const output = join(dirname(fileOf("")), "index.ts");
        const run = await adopt(tfstate(resource("a", [checkpoint(1)])), "--output", output);
        expect(run).toMatchObject({ code: 0, out: `${output}: adopts 1 restore point\n` });
        expect(readFileSync(output, "utf8")).toContain('new cbr.Checkpoint("a"');
    });

    it("does not overwrite a program that is there", async () => {
        const output = fileOf("mine", "index.ts");
        const run = await adopt(tfstate(resource("a", [checkpoint(1)])), "--output", output);
        expect([run.code, run.out]).toEqual([1, ""]);
        expect(run.err).toContain(`--output ${output} exists already`);
        expect(readFileSync(output, "utf8")).toBe("mine");
    });

    it("reads standard input", async () => {
        const stdin = readFileSync(tfstate(resource("a", [checkpoint(1)])), "utf8");
        expect((await runCli(["adopt", "-"], { stdin })).out).toContain('new cbr.Checkpoint("a"');
        expect((await runCli(["adopt", "-"], { stdin: "{}" })).err).toContain("standard input is no Terraform state");
    });

    it.each([
        ["not JSON", "is no JSON"],
        ["{}", "is no Terraform state of version 4"],
        ['{"version": 3, "modules": []}', "is no Terraform state of version 4"],
        ['{"encrypted_data": "x"}', "is encrypted"],
        ['{"version": 4, "resources": []}', "has no restore point to adopt"],
        ['{"version": 4, "resources": [null, 3, {"mode": "managed"}]}', "has no restore point to adopt"],
    ])("says what is wrong with %s", async (content, message) => {
        const run = await adopt(fileOf(content));
        expect([run.code, run.out]).toEqual([1, ""]);
        expect(run.err).toContain(message);
    });

    it.each([
        [[], "takes one FILE"],
        [["a", "b"], "takes one FILE"],
        [["a", "--language", "python"], '--language is "python"'],
    ])("refuses %j", async (args, message) => {
        const run = await adopt(...args);
        expect([run.code, run.out]).toEqual([2, ""]);
        expect(run.err).toContain(message);
    });

    it("names the file that is not there", async () => {
        expect((await adopt("/no/such/terraform.tfstate")).err).toContain("/no/such/terraform.tfstate cannot be read");
    });
});
