/** One request from its arrival to its answer: faults, rules, log. */
import { systemClock } from "../../../provider/client/time/clock";
import { cbrService } from "../api/cbr-service";
import { errorReply, Refusal, type Reply } from "../api/reply";
import { delayOf, replacementOf } from "../faults/fault-answers";
import { hex } from "../iam/accounts";
import { iamService } from "../iam/iam-service";
import { isSigned } from "../iam/verify-signature";
import { type RequestLogEntry, redactBody } from "./request-log";
import type { Delivery, Incoming } from "./server";
import { type Host, parsedJson, type Received, type Service, type Shared, type Target } from "./service";

/** CBR is also reachable below this path, as behind a reverse proxy. */
export const basePath = "/cbr";

/** Answers the requests to one server. */
export class Exchange {
    readonly #shared: Shared;
    readonly #host: Host;
    readonly #service: Service;

    constructor(shared: Shared, host: Host) {
        this.#shared = shared;
        this.#host = host;
        this.#service = host.service === "cbr" ? cbrService(shared, host) : iamService(shared, host);
    }

    /** Answers one request. Never throws. */
    async handle(incoming: Incoming): Promise<Delivery> {
        const shared = this.#shared;
        const host = this.#host;
        const requestId = hex(32);
        const target = targetOf(incoming.target);
        const { operation, answer } = this.#service.find(incoming.method, target);
        const bodyText = incoming.body.toString("utf8");
        const { effects, names } = shared.faults.strike({
            operation,
            method: incoming.method,
            region: host.region,
            target: incoming.target,
            body: bodyText,
        });
        const entry: RequestLogEntry = {
            receivedAt: new Date(shared.world.schedule.clock.now()).toISOString(),
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
        const received: Received = { incoming, target, bodyText, requestId, effects };
        let reply = replacement.instead ?? this.#answer(answer, received);
        if (replacement.effectAfterMs !== undefined) {
            const { schedule } = shared.world;
            schedule.at(schedule.now() + replacement.effectAfterMs, () => void this.#answer(answer, received));
        }
        if (replacement.after !== undefined) reply = replacement.after;
        // The connection lives, so the answer looks whole: as behind a proxy that gave up half-way.
        if (effects.includes("cut-body")) reply = { ...reply, body: reply.body.slice(0, reply.body.length / 2) };
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

    #answer(answer: (received: Received) => Reply, received: Received): Reply {
        const { schedule } = this.#shared.world;
        schedule.settle();
        schedule.beginLook();
        const { requestId } = received;
        try {
            if (received.incoming.tooLarge)
                throw new Refusal({
                    status: 413,
                    code: "APIGW.0201",
                    message: "Request entity too large",
                    shape: "gateway",
                });
            return answer(received);
        } catch (error) {
            if (error instanceof Refusal) return errorReply(error, requestId);
            const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
            const message = `a defect of the simulator: ${text}`;
            return errorReply({ status: 500, code: "SIMULATOR", message, shape: "cbr" }, requestId);
        }
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
