import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createUndiciTransport } from "../../provider/client/http/undici-transport";
import { createCheckpoint, listBackups, listVaults } from "../../provider/client/operations";
import { resolveSettings } from "../../provider/client/settings/settings";
import { memoryJournal } from "../../provider/exactly-once/journal";
import { createServices } from "../../provider/services/services";
import { runCli } from "./run-cli";

interface Printed {
    readonly config: Record<string, string>;
    readonly exports: Record<string, string>;
    readonly text: string;
}

const unquote = (word: string) => word.replace(/^'(.*)'$/s, "$1").replaceAll("'\\''", "'");

function read(text: string): Printed {
    const config: Record<string, string> = {};
    const exports: Record<string, string> = {};
    for (const [, key = "", value = ""] of text.matchAll(/^pulumi config set (?:--secret )?(cbr:\w+) -- (.*)$/gm))
        config[key] = unquote(value);
    for (const [, key = "", value = ""] of text.matchAll(/^export (\w+)=(.*)$/gm)) exports[key] = unquote(value);
    return { config, exports, text };
}

/** Runs `simulate` as long as `use` takes. */
async function simulating(args: readonly string[], use: (printed: Printed) => Promise<void>) {
    let stop = () => {};
    const interrupted = new Promise<void>((resolve) => {
        stop = resolve;
    });
    let started = (_: Printed) => {};
    const printed = new Promise<Printed>((resolve) => {
        started = resolve;
    });
    const run = runCli(["simulate", ...args], { interrupted, onOut: (all) => started(read(all)) });
    try {
        await use(await Promise.race([printed, run.then(({ err }) => Promise.reject(new Error(err)))]));
    } finally {
        stop();
    }
    return run;
}

async function vaultsOf(config: Record<string, string>, env: Record<string, string>, region: string) {
    const get = (key: string) => config[key];
    const transport = createUndiciTransport(resolveSettings(get, env));
    try {
        const { client } = createServices(get, env, { transport, journal: memoryJournal() });
        const target = await client.target(region);
        return { client, target, ...(await client.call(listVaults, { target })) };
    } finally {
        await transport.close();
    }
}

const PRODUCTION = "5eed0000-0000-4000-8000-000000000001";
const COPIES = "5eed0000-0000-4000-8000-000000000002";
const HYBRID = "5eed0000-0000-4000-8000-000000000099";
const ELSEWHERE = "5eed0000-0000-4000-8000-000000000051";

describe("simulate", () => {
    it("prints settings that work, as stack configuration and as environment, until it is interrupted", async () => {
        const run = await simulating([], async ({ config, exports }) => {
            for (const [stack, env] of [
                [config, {}],
                [{}, exports],
            ] as const) {
                const home = await vaultsOf(stack, env, "eu-de");
                expect(home.vaults.map(({ id }) => id).sort()).toEqual([PRODUCTION, HYBRID]);
                const other = await vaultsOf(stack, env, "eu-nl");
                expect(other.vaults.map(({ id }) => id).sort()).toEqual([COPIES, ELSEWHERE]);
            }
        });
        expect(run).toMatchObject({ code: 0, err: "" });
        expect(run.out).toMatch(/\nThe simulator has ended\.\n$/);
        for (const id of [PRODUCTION, COPIES, HYBRID]) expect(run.out).toContain(id);
    });

    it("prints for PowerShell, too: without quotes inside of an argument", async () => {
        const { out } = await simulating(["--shell", "powershell"], async ({ text }) => {
            const value = "'([^']*)'";
            const env: Record<string, string> = {};
            for (const [, key = "", word = ""] of text.matchAll(new RegExp(`^\\$env:(\\w+) = ${value}$`, "gm")))
                env[key] = word;
            const { vaults } = await vaultsOf({}, env, "eu-nl");
            expect(vaults.map(({ id }) => id).sort()).toEqual([COPIES, ELSEWHERE]);
        });
        expect(out).toMatch(/^pulumi config set --path cbr:endpoints\.eu-de -- http:\S+$/m);
        expect(out).not.toMatch(/"|^export /m);
        expect(await runCli(["simulate", "--shell", "fish"])).toMatchObject({ code: 2 });
    });

    it("marks what is secret", async () => {
        const { out } = await simulating([], async () => {});
        const secret = [...out.matchAll(/^pulumi config set --secret (\S+)/gm)].map(([, key]) => key);
        expect(secret).toEqual(["cbr:secretKey"]);
    });

    it("takes other regions, the dialect of OTC, and an empty cloud", async () => {
        const { out } = await simulating(
            ["--region", "eu-ch2", "--dialect", "otc", "--no-seed-vaults"],
            async ({ exports, config }) => {
                expect(exports).toMatchObject({ OS_REGION_NAME: "eu-ch2" });
                expect((await vaultsOf({}, exports, "eu-ch2")).vaults).toEqual([]);
                expect(Object.keys(JSON.parse(config["cbr:endpoints"] ?? ""))).toEqual(["eu-ch2"]);
            },
        );
        expect(out).not.toContain("# Vaults");
    });

    it("has no hybrid vault where the dialect knows none", async () => {
        const { out } = await simulating(["--dialect", "otc"], async () => {});
        expect(out).toContain(PRODUCTION);
        expect(out).not.toContain(HYBRID);
    });

    it.each([
        ["0", "available"],
        ["3600", "waiting_protect"],
    ])("takes %s seconds for a backup if it is told so", async (seconds, status) => {
        const run = await simulating(["--backup-seconds", seconds], async ({ config }) => {
            const get = (key: string) => config[key];
            const transport = createUndiciTransport(resolveSettings(get, {}));
            const { client } = createServices(get, {}, { transport, journal: memoryJournal() });
            const target = await client.target("eu-de");
            const body = { checkpoint: { vault_id: PRODUCTION } };
            const { checkpoint } = await client.call(createCheckpoint, { target, body });
            const query = { checkpoint_id: checkpoint.id };
            const seen = async () => (await client.call(listBackups, { target, query })).backups[0]?.status;
            await expect.poll(seen).toBe(status);
            await transport.close();
        });
        expect(run.code).toBe(0);
    });

    it("arms faults from a file", async () => {
        const file = join(mkdtempSync(join(tmpdir(), "cbr-")), "faults.json");
        writeFileSync(
            file,
            JSON.stringify({ faults: [{ operation: "CreateCheckpoint", effect: { code: "BackupService.6135" } }] }),
        );
        const { out } = await simulating(["--faults", file], async ({ config }) => {
            const get = (key: string) => config[key];
            const transport = createUndiciTransport(resolveSettings(get, {}));
            const { client } = createServices(get, {}, { transport, journal: memoryJournal() });
            const target = await client.target("eu-de");
            const body = { checkpoint: { vault_id: PRODUCTION } };
            await expect(client.call(createCheckpoint, { target, body, deadline: Date.now() + 2_000 })).rejects.toThrow(
                "BackupService.6135",
            );
            await transport.close();
        });
        expect(out).toContain("1 fault is armed");
    });

    it.each([
        ["{", /faults\.json: faults: no JSON: /],
        [
            '[{"operation": "CreateCheckpoint", "effect": {"status": 503}}, {"effect": {"status": 9}}]',
            /faults\.json: faults\[1\]\.effect\.status: /,
        ],
        ['[{"operation": "CreateCheckpoint"}]', /--faults \S+: faults\[0\]\.effect: is missing/],
        ['[{"effect": "reset-before", "tims": 3}]', /faults\.json: faults\[0\]: Unrecognized key: "tims"/],
        [
            '[{"operation": "CreateCheckpont", "effect": {"status": 503}}]',
            /faults\.json: faults\[0\]\.operation: there is no "CreateCheckpont"; there are CreateCheckpoint, /,
        ],
        [
            '[{"region": "eu-ch", "effect": {"status": 503}}]',
            /faults\.json: faults\[0\]\.region: "eu-ch" is not simulated; eu-de, eu-nl are \(--region\)/,
        ],
    ])("names the place in faults that make no sense: %s", async (text, message) => {
        const file = join(mkdtempSync(join(tmpdir(), "cbr-")), "faults.json");
        writeFileSync(file, text);
        const run = await runCli(["simulate", "--faults", file]);
        expect(run).toMatchObject({ code: 1, out: "" });
        expect(run.err).toMatch(message);
        expect(run.err.trim().split("\n")).toHaveLength(1);
    });

    it.each([
        [["--region", "EU DE"], "--region"],
        [["--region", "eu-de", "--region", "eu-de"], "twice"],
        [["--dialect", "french"], "huawei or otc"],
        [["--backup-seconds", "soon"], "--backup-seconds"],
        [["more"], "more"],
    ])("refuses %j", async (args, message) => {
        const run = await runCli(["simulate", ...args]);
        expect(run).toMatchObject({ code: 2, out: "" });
        expect(run.err).toContain(message);
    });
});
