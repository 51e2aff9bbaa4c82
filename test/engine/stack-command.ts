import { readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import type { CommandContext } from "./context";
import { type Deployment, integrityError, readDeployment, writeDeployment } from "./deployment-file";
import { formatValue } from "./display";
import { UsageError } from "./flags";
import type { Json, JsonObject } from "./json";
import { makeUrn, stackType } from "./urn";
import { maskSecrets, unwrapSecrets } from "./values";

/** Pulumi: how it writes a stack's name when it must be found from anywhere. */
const stackNamePattern = /^[A-Za-z0-9_.-]{1,100}$/;

/** `pulumi stack …` */
export async function stackCommand(context: CommandContext, words: string[]): Promise<void> {
    const [action, ...rest] = words;
    const run: Record<string, () => Promise<void> | void> = {
        init: () => init(context, rest[0] ?? context.flags.text("stack") ?? ""),
        select: () => select(context, rest[0]),
        ls: () => list(context),
        rm: () => remove(context, rest[0]),
        rename: () => rename(context, rest[0] ?? ""),
        output: () => output(context, rest[0]),
        history: () => history(context),
        export: () => exportState(context),
        import: () => importState(context),
        tag: () => tag(context, rest),
    };
    if (action === undefined) {
        context.io.print(`Current stack is ${context.stack()}\n`);
        return;
    }
    const chosen = run[action];
    if (chosen === undefined) {
        throw new UsageError(`the local engine does not support \`pulumi stack ${action}\`; use the Pulumi CLI`);
    }
    await chosen();
}

async function init(context: CommandContext, given: string): Promise<void> {
    const { project, backend, flags, io } = context;
    const name = context.shortName(given);
    if (!stackNamePattern.test(name)) {
        throw new UsageError(`invalid stack name "${name}"`);
    }
    const provider = flags.text("secrets-provider") ?? "passphrase";
    if (provider !== "passphrase" && provider !== "default") {
        throw new UsageError(`the local engine knows no secrets provider "${provider}", only passphrase`);
    }
    if (backend.exists(project.name, name)) {
        throw new UsageError(`stack '${name}' already exists`);
    }
    const crypter = await context.settings(name).crypter(io.env);
    backend.create(project.name, name);
    await context.store(name, { resources: [], pendingOperations: [], crypter });
    if (!flags.has("no-select")) {
        backend.select(project.name, name);
    }
    io.print(`Created stack '${name}'\n`);
}

function select(context: CommandContext, given: string | undefined): void {
    const name = context.stack(given);
    context.backend.select(context.project.name, name);
}

function list(context: CommandContext): void {
    const { backend, flags, io } = context;
    const project = flags.has("all") ? undefined : context.project.name;
    const stacks = backend.list(project).map(({ project: owner, stack, updated, count }) => ({
        name: flags.has("all") ? `organization/${owner}/${stack}` : stack,
        current: owner === context.project.name && backend.selected(owner) === stack,
        ...(updated === undefined ? {} : { lastUpdate: updated }),
        updateInProgress: false,
        resourceCount: count,
    }));
    if (flags.has("json")) {
        context.printJson(stacks);
        return;
    }
    io.print("NAME  LAST UPDATE  RESOURCE COUNT\n");
    for (const { name, current, lastUpdate, resourceCount } of stacks) {
        io.print(`${name}${current ? "*" : ""}  ${lastUpdate ?? "n/a"}  ${resourceCount}\n`);
    }
}

async function remove(context: CommandContext, given: string | undefined): Promise<void> {
    const name = context.stack(given);
    const { resources } = await context.deployment(name);
    if (resources.length > 0 && !context.flags.has("force")) {
        throw new UsageError(
            `'${name}' still has resources; removal rejected. Possible actions:\n- Run \`pulumi destroy\` or use --force`,
        );
    }
    context.backend.remove(context.project.name, name);
    if (!context.flags.has("preserve-config")) {
        await rm(context.settings(name).path, { force: true });
    }
    context.io.print(`Stack '${name}' has been removed!\n`);
}

async function rename(context: CommandContext, given: string): Promise<void> {
    const { project, backend } = context;
    const name = context.stack();
    const newName = context.shortName(given);
    const deployment = await context.deployment(name);
    const old = context.settings(name);
    const replace = (text: string) =>
        text
            .replaceAll(`urn:pulumi:${name}::`, `urn:pulumi:${newName}::`)
            .replaceAll(`::${project.name}-${name}`, `::${project.name}-${newName}`);
    const { crypter } = deployment;
    const json = writeDeployment(deployment, crypter ? { form: "encrypted", crypter } : { form: "plain" });
    for (const list of [json["resources"], json["pending_operations"]]) {
        renameUrns(list, replace);
    }
    backend.rename(project.name, name, newName, JSON.stringify(json));
    const file = context.settings(newName);
    file.settings = old.settings;
    file.save();
    await rm(old.path, { force: true });
    backend.select(project.name, newName);
    context.io.print(`Renamed ${name} to ${newName}\n`);
}

/** Changes the URNs of resources, and nothing inside inputs and outputs. */
function renameUrns(json: Json | undefined, replace: (text: string) => string): void {
    for (const item of Array.isArray(json) ? (json as JsonObject[]) : []) {
        const state = (item["resource"] ?? item) as JsonObject;
        for (const key of ["urn", "parent", "provider", "deletedWith"]) {
            if (typeof state[key] === "string") {
                state[key] = replace(state[key]);
            }
        }
        for (const key of ["dependencies", "aliases", "replaceWith"]) {
            if (Array.isArray(state[key])) {
                state[key] = state[key].map((urn) => replace(String(urn)));
            }
        }
        for (const [key, urns] of Object.entries((state["propertyDependencies"] ?? {}) as JsonObject)) {
            (state["propertyDependencies"] as JsonObject)[key] = (urns as string[]).map(replace);
        }
    }
}

async function output(context: CommandContext, name: string | undefined): Promise<void> {
    const stack = context.stack();
    const { resources } = await context.deployment(stack);
    const { name: project } = context.project;
    const urn = makeUrn(stack, project, "", stackType, `${project}-${stack}`);
    const outputs = resources.find((state) => state.urn === urn)?.outputs ?? {};
    const change = context.flags.has("show-secrets") ? unwrapSecrets : maskSecrets;
    if (name !== undefined) {
        const value = outputs[name];
        if (value === undefined) {
            throw new UsageError(`current stack does not have output property '${name}'`);
        }
        const shown = change(value);
        context.io.print(
            `${typeof shown === "string" && !context.flags.has("json") ? shown : JSON.stringify(shown)}\n`,
        );
        return;
    }
    if (context.flags.has("json")) {
        context.printJson(change(outputs));
        return;
    }
    context.io.print("Current stack outputs:\n");
    for (const key of Object.keys(outputs).sort()) {
        context.io.print(`    ${key}  ${formatValue(change(outputs[key] ?? null), "    ")}\n`);
    }
}

async function history(context: CommandContext): Promise<void> {
    const stack = context.stack();
    const { flags, project } = context;
    const all = context.backend.history(project.name, stack);
    const size = flags.number("page-size") ?? 0;
    const page = Math.max(1, flags.number("page") ?? 1);
    const entries = size === 0 ? all : all.slice((page - 1) * size, page * size);
    const hasSecrets = entries.some((entry) => Object.values(entry.config).some(({ secret }) => secret));
    const crypter =
        flags.has("show-secrets") && hasSecrets ? await context.settings(stack).crypter(context.io.env) : undefined;
    const shown = entries.map((entry) => ({
        version: 0,
        ...entry,
        startTime: new Date(entry.startTime * 1000).toISOString(),
        endTime: new Date(entry.endTime * 1000).toISOString(),
        config: Object.fromEntries(
            Object.entries(entry.config).map(([key, { value, secret }]) => [
                key,
                secret
                    ? crypter === undefined
                        ? { secret }
                        : { value: crypter.decrypt(value), secret }
                    : { value, secret },
            ]),
        ),
    }));
    if (flags.has("json")) {
        context.printJson(shown);
        return;
    }
    for (const { kind, startTime, result } of shown) {
        context.io.print(`${kind}  ${startTime}  ${result}\n`);
    }
}

async function exportState(context: CommandContext): Promise<void> {
    const stack = context.stack();
    const deployment = await context.deployment(stack);
    const { crypter } = deployment;
    const isPlain = context.flags.has("show-secrets") || crypter === undefined;
    const text = {
        version: 3,
        deployment: writeDeployment(deployment, isPlain ? { form: "plain" } : { form: "encrypted", crypter }),
    };
    context.printJson(text);
}

async function importState(context: CommandContext): Promise<void> {
    const stack = context.stack();
    const path = context.flags.text("file") ?? "/dev/stdin";
    const untyped = JSON.parse(readFileSync(path, "utf8")) as { version: number; deployment: JsonObject | null };
    if (untyped.version !== 3) {
        throw new UsageError(`the local engine reads deployments of version 3, not ${untyped.version}`);
    }
    const crypter = await context.settings(stack).crypter(context.io.env);
    const imported = await readDeployment(untyped.deployment ?? {}, context.io.env);
    for (const { resource, type } of imported.pendingOperations) {
        context.io.printError(`warning: removing pending operation '${type}' on '${resource.urn}' from snapshot\n`);
    }
    const deployment: Deployment = { ...imported, pendingOperations: [], crypter };
    const { project } = context;
    const foreign = deployment.resources.find(({ urn }) => !urn.startsWith(`urn:pulumi:${stack}::${project.name}::`));
    const problem =
        foreign === undefined
            ? integrityError(deployment.resources)
            : `resource '${foreign.urn}' belongs to another stack or project`;
    if (problem !== undefined && !context.flags.has("force") && !context.flags.has("disable-integrity-checking")) {
        throw new UsageError(`state import failed: ${problem}`);
    }
    const unlock = context.backend.lock(project.name, stack);
    try {
        await context.store(stack, deployment);
    } finally {
        unlock();
    }
    context.io.print("Import complete.\n");
}

function tag(context: CommandContext, words: string[]): void {
    const [action, key = "", value = ""] = words;
    const stack = context.stack();
    const { name } = context.project;
    const tags = { "pulumi:project": name, ...context.backend.tags(name, stack) };
    switch (action) {
        case "get": {
            const found = (tags as Record<string, string>)[key];
            if (found === undefined) {
                throw new UsageError(`stack tag '${key}' not found for stack '${stack}'`);
            }
            context.io.print(`${found}\n`);
            return;
        }
        case "set":
            context.backend.setTags(name, stack, { ...tags, [key]: value });
            return;
        case "rm": {
            const rest: Record<string, string> = { ...tags };
            delete rest[key];
            context.backend.setTags(name, stack, rest);
            return;
        }
        case "ls":
            context.flags.has("json")
                ? context.printJson(tags)
                : context.io.print(
                      `${Object.entries(tags)
                          .map((pair) => pair.join("  "))
                          .join("\n")}\n`,
                  );
            return;
        default:
            throw new UsageError(`unknown command "tag ${action}"`);
    }
}
