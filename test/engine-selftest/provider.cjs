"use strict";
// A cloud in a folder, and the dynamic provider for it. Runs in the provider process; `control.json` in the folder says what fails.
const { appendFileSync, existsSync, readFileSync, rmSync, writeFileSync } = require("node:fs");
const { join } = require("node:path");

const folder = process.env.SELFTEST_CLOUD;
const fileOf = (id) => join(folder, `object-${id}.json`);
const log = (line) => appendFileSync(join(folder, "calls.log"), `${JSON.stringify(line)}\n`);
const control = (name) => {
    const file = join(folder, "control.json");
    return (existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {})[name] ?? {};
};
const without = ({ __provider, ...rest }) => rest;
log(["start", process.pid]);
let count = 0;
let configured = {};

function partial(id, properties, reason) {
    return Object.assign(new Error("not ready"), { id, properties, reasons: [reason] });
}

module.exports = {
    configure: async (request) => {
        configured = { region: request.config.get("t:region"), token: request.config.get("t:token"), pid: process.pid };
        log(["configure", configured.region ?? null, configured.token ?? null]);
    },
    check: async (olds, news) => {
        log(["check", news.name, without(olds), without(news)]);
        const failures =
            news.bad === undefined
                ? []
                : [
                      { property: "bad", reason: "is bad" },
                      { property: "", reason: "as a whole" },
                  ];
        return { inputs: news.auto === undefined ? { ...news, auto: olds.auto ?? "auto" } : news, failures };
    },
    diff: async (_id, olds, news) => {
        log(["diff", news.name, without(news)]);
        if (news.lazy) {
            return {};
        }
        const keys = [...new Set([...Object.keys(without(olds)), ...Object.keys(without(news))])].filter(
            (key) => key in news,
        );
        const changed = keys.filter((key) => JSON.stringify(olds[key]) !== JSON.stringify(news[key]));
        const replaces = changed.filter((key) => key.startsWith("name") || key.startsWith("fixed"));
        return { changes: changed.length > 0, replaces, deleteBeforeReplace: news.dbr === true };
    },
    create: async (inputs) => {
        log(["create", inputs.name, without(inputs)]);
        const { create, delayMs } = control(inputs.name);
        if (delayMs) {
            await new Promise((resolve) => setTimeout(resolve, delayMs));
        }
        if (create === "error") {
            throw new Error(`no ${inputs.name} today`);
        }
        count += 1;
        const id = `${inputs.name}-${process.pid}-${count}`;
        const outs = { ...inputs, computed: `${inputs.name}!`, region: configured.region ?? "none" };
        writeFileSync(fileOf(id), JSON.stringify(outs));
        if (create === "init") {
            throw partial(id, { ...outs, computed: "half" }, "still starting");
        }
        return { id, outs };
    },
    update: async (id, olds, news) => {
        log(["update", news.name, without(news)]);
        const { update } = control(news.name);
        if (update === "error") {
            throw new Error(`no update of ${news.name} today`);
        }
        const outs = { ...news, computed: `${news.name}!!`, region: olds.region };
        if (update === "init") {
            throw partial(id, { ...outs, computed: "half again" }, "starting again");
        }
        writeFileSync(fileOf(id), JSON.stringify(outs));
        return { outs };
    },
    read: async (id, props) => {
        log(["read", id]);
        if (control(props.name).read === "error") {
            throw new Error(`cannot read ${id}`);
        }
        if (!existsSync(fileOf(id))) {
            if (props.computed === undefined) {
                throw new Error(`${id} does not exist`);
            }
            return {};
        }
        const live = JSON.parse(readFileSync(fileOf(id), "utf8"));
        const result = { id, props: { ...props, ...live } };
        if (props.size !== undefined) {
            const { computed, region, ...inputs } = live;
            result.inputs = inputs;
        }
        return result;
    },
    delete: async (id, props) => {
        log(["delete", props.name]);
        if (control(props.name).delete === "error") {
            throw new Error(`cannot delete ${props.name}`);
        }
        rmSync(fileOf(id), { force: true });
    },
};
