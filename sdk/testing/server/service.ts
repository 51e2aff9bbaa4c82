import { type Reply, refuse } from "../api/reply";
import { type Match, matchRoute, type Route } from "../api/routes";
import type { Dialect } from "../cloud/state";
import type { Effect } from "../faults/fault-schema";
import type { Faults } from "../faults/faults";
import type { Accounts } from "../iam/accounts";
import type { World } from "../simulation";
import type { RequestLogEntry } from "./request-log";
import type { Incoming } from "./server";

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

/** Path and query of a request, taken apart. */
export interface Target {
    /** Path as sent. */
    readonly path: string;
    /** Query as sent, without the question mark. */
    readonly queryText: string;
    readonly query: URLSearchParams;
    /** Decoded path segments, without CBR's base path. */
    readonly segments: readonly string[];
}

/** A request on its way to its rule. */
export interface Received {
    readonly incoming: Incoming;
    readonly target: Target;
    readonly bodyText: string;
    readonly requestId: string;
    readonly effects: readonly Effect[];
}

/** What a server does with a request that no fault has answered: throws a `Refusal`, or gives the answer. */
export interface Service {
    find(method: string, target: Target): { readonly operation: string; answer(received: Received): Reply };
}

/** Finds the route of a request. Vendor: the gateway knows paths and methods before it asks who comes. */
export function find<C>(
    routes: readonly Route<C>[],
    asked: { readonly method: string; readonly segments: readonly string[] | undefined; readonly otc: boolean },
    answer: (match: Exclude<Match<C>, string>, received: Received) => Reply,
): ReturnType<Service["find"]> {
    const { method, segments, otc } = asked;
    const match = segments === undefined ? "none" : matchRoute(routes, method, segments, otc);
    if (match === "none") return { operation: "", answer: () => refuse("APIGW.0101") };
    if (match === "method") return { operation: "", answer: () => refuse("APIGW.0501") };
    return { operation: match.route.operation, answer: (received) => answer(match, received) };
}

/** The value of a JSON text; undefined when it is none. */
export function parsedJson(text: string): unknown {
    try {
        return JSON.parse(text);
    } catch {
        return undefined;
    }
}
