/** One request from its arrival to its answer: faults, routing, sign-in, rules, log. */
import { systemClock } from "../../provider/clock";
import type { Accounts, ProjectRecord } from "./accounts";
import { hex } from "./accounts";
import { delayOf, replacementOf } from "./fault-answers";
import type { Effect, ObjectEffect } from "./fault-schema";
import type { Faults } from "./faults";
import { admit, identify } from "./gate";
import { errorReply, Refusal, type Reply, refuse, refuseMalformedUrl } from "./reply";
import { type RequestLogEntry, redactBody } from "./request-log";
import { cbrRoutes, iamRoutes, type Match, matchRoute } from "./routes";
import type { Delivery, Incoming } from "./server";
import type { Dialect } from "./state";
import { isSigned } from "./verify-signature";
import type { World } from "./world";

/** What all servers of one simulator share. */
export interface Shared {
    readonly world: World;
    readonly accounts: Accounts;
    readonly faults: Faults;
    readonly log: RequestLogEntry[];
    readonly endpoints: Map<string, { cbr: string; iam: string }>;
    /** True: each 2xx answer is read with the client's own schema; one that does not fit becomes a 500. */
    readonly checkAnswers: boolean;
    /** More CBR requests than that in one second of one region are answered with 429. 0: no limit. */
    readonly requestsPerSecond: number;
    /** True: a region's IAM knows that region's projects only. */
    readonly iamPerRegion: boolean;
    /** Ends the delays of faults when the simulator closes. */
    readonly closing: AbortSignal;
}

/** What one server stands for. */
export interface Host {
    readonly service: "cbr" | "iam";
    readonly region: string;
    readonly dialect: Dialect;
}

/** CBR is also reachable below this path, as behind a reverse proxy. */
export const basePath = "/cbr";

interface Target {
    readonly path: string;
    readonly query: URLSearchParams;
    readonly queryText: string;
    /** Decoded path segments. */
    readonly segments: readonly string[];
}

/** Answers the requests to one server. */
export class Exchange {
    readonly #shared: Shared;
    readonly #host: Host;
    #second = 0;
    #inSecond = 0;

    constructor(shared: Shared, host: Host) {
        this.#shared = shared;
        this.#host = host;
    }

    /** Answers one request. Never throws. */
    async handle(incoming: Incoming): Promise<Delivery> {
        const shared = this.#shared;
        const host = this.#host;
        const requestId = hex(32);
        const target = targetOf(incoming.target);
        const match = this.#match(incoming.method, target.segments);
        const operation = typeof match === "string" ? "" : match.route.operation;
        const bodyText = incoming.body.toString("utf8");
        const { effects, names } = shared.faults.strike({
            operation,
            method: incoming.method,
            region: host.region,
            target: incoming.target,
            body: bodyText,
        });
        const entry: RequestLogEntry = {
            time: shared.world.schedule.clock.now(),
            service: host.service,
            region: host.region,
            method: incoming.method,
            path: shared.accounts.redact(target.path),
            query: shared.accounts.redact(target.queryText),
            body: redactBody(bodyText === "" ? undefined : (parsedJson(bodyText) ?? bodyText), shared.accounts),
            status: 0,
            code: "",
            requestId,
            operation,
            auth: isSigned(incoming.headers)
                ? "signature"
                : incoming.headers["x-auth-token"] === undefined
                  ? "none"
                  : "token",
            faults: names,
        };
        shared.log.push(entry);

        if (effects.includes("reset-before")) return { how: "reset" };
        await this.#sleep(delayOf(effects, "before"));
        const replacement = replacementOf(effects, incoming.headers, shared.accounts, requestId);
        let reply = replacement.instead ?? this.#answer(incoming, target, match, requestId, bodyText, effects);
        if (replacement.after !== undefined) reply = replacement.after;
        reply.headers["x-request-id"] = requestId;
        reply.headers["date"] = new Date(this.#shared.world.schedule.clock.now()).toUTCString();
        await this.#sleep(delayOf(effects, "after"));
        if (effects.includes("reset-after-effect")) return { how: "reset" };
        entry.status = reply.status;
        entry.code = reply.code;
        return { how: effects.includes("truncate") ? "truncated" : "whole", reply };
    }

    async #sleep(milliseconds: number): Promise<void> {
        if (milliseconds > 0) await systemClock.sleep(milliseconds, this.#shared.closing).catch(() => {});
    }

    #match(method: string, segments: readonly string[]): Match<never> {
        const otc = this.#host.dialect === "otc";
        if (this.#host.service === "iam") return matchRoute(iamRoutes, method, segments, false) as Match<never>;
        if (segments[0] !== "v3" || segments.length < 3) return "none";
        return matchRoute(cbrRoutes, method, segments.slice(2), otc) as Match<never>;
    }

    #answer(
        incoming: Incoming,
        target: Target,
        match: Match<never>,
        requestId: string,
        bodyText: string,
        effects: readonly Effect[],
    ): Reply {
        const { schedule } = this.#shared.world;
        schedule.settle();
        schedule.beginLook();
        try {
            if (this.#isThrottled()) refuse("APIGW.0308");
            if (match === "none") refuse("APIGW.0101");
            if (match === "method") refuse("APIGW.0501");
            if (incoming.tooLarge)
                throw new Refusal({
                    status: 413,
                    code: "APIGW.0201",
                    message: "Request entity too large",
                    shape: "gateway",
                });
            const request = {
                method: incoming.method,
                target: incoming.target,
                headers: incoming.headers,
                body: incoming.body,
            };
            const nowMs = schedule.clock.now();
            if (this.#host.service === "iam") {
                const body = bodyText === "" ? undefined : parsedJson(bodyText);
                return (match.route.handle as (call: unknown) => Reply)({
                    accounts: this.#shared.accounts,
                    dialect: this.#host.dialect,
                    request,
                    query: target.query,
                    body,
                    nowMs,
                    projects: this.#knownProjects(),
                    endpoints: this.#shared.endpoints,
                });
            }
            const projectId = target.segments[1] ?? "";
            admit(
                this.#shared.accounts,
                identify(this.#shared.accounts, request, nowMs),
                request,
                this.#host.region,
                projectId,
            );
            const store =
                this.#shared.world.store(this.#host.region, projectId) ?? refuse("APIGW.0302", "unknown project");
            if (
                this.#host.dialect === "huawei" &&
                incoming.method !== "POST" &&
                Object.values(match.params).some((id) => !isUuid(id))
            )
                refuseMalformedUrl();
            if (!match.route.takesQuery && target.queryText !== "")
                refuse("9900", `unknown parameter ${target.queryText.split(/[=&]/)[0]}`);
            const reply = (match.route.handle as (call: unknown) => Reply)({
                world: this.#shared.world,
                store,
                dialect: this.#host.dialect,
                requestId,
                params: match.params,
                query: target.query,
                body: incoming.method === "POST" ? jsonBody(incoming, bodyText) : undefined,
                effects: effects.filter(
                    (effect): effect is ObjectEffect => typeof effect === "object" && "kind" in effect,
                ),
            });
            if (this.#shared.checkAnswers) checkAnswer(match, reply);
            return reply;
        } catch (error) {
            if (error instanceof Refusal) return errorReply(error, requestId);
            const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
            return errorReply(
                { status: 500, code: "SIMULATOR", message: `a defect of the simulator: ${text}`, shape: "cbr" },
                requestId,
            );
        }
    }

    #knownProjects(): readonly ProjectRecord[] {
        const { projects } = this.#shared.accounts;
        return this.#shared.iamPerRegion
            ? projects.filter((project) => project.region === this.#host.region)
            : projects;
    }

    #isThrottled(): boolean {
        const { requestsPerSecond, world } = this.#shared;
        if (requestsPerSecond === 0 || this.#host.service === "iam") return false;
        const second = Math.floor(world.schedule.clock.now() / 1000);
        if (second !== this.#second) {
            this.#second = second;
            this.#inSecond = 0;
        }
        this.#inSecond += 1;
        return this.#inSecond > requestsPerSecond;
    }
}

function targetOf(target: string): Target {
    const mark = target.indexOf("?");
    const path = mark === -1 ? target : target.slice(0, mark);
    const queryText = mark === -1 ? "" : target.slice(mark + 1);
    const below = path.startsWith(`${basePath}/`) ? path.slice(basePath.length) : path;
    return { path, queryText, query: new URLSearchParams(queryText), segments: below.split("/").slice(1).map(decoded) };
}

function decoded(segment: string): string {
    try {
        return decodeURIComponent(segment);
    } catch {
        return segment;
    }
}

const isUuid = (text: string): boolean => /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i.test(text);

function parsedJson(text: string): unknown {
    try {
        return JSON.parse(text);
    } catch {
        return undefined;
    }
}

function jsonBody(incoming: Incoming, text: string): unknown {
    if (incoming.headers["content-type"]?.split(";")[0]?.trim() !== "application/json")
        refuse("9900", "Content-Type must be application/json");
    return parsedJson(text) ?? refuse("9900", "the body is no JSON");
}

function checkAnswer(match: Exclude<Match<never>, string>, reply: Reply): void {
    if (match.route.response === undefined) return;
    const parsed = match.route.response.safeParse(JSON.parse(reply.body));
    if (!parsed.success)
        throw new Error(`${match.route.operation}: the answer does not fit its schema: ${parsed.error?.message ?? ""}`);
}
