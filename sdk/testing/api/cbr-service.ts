import type { ObjectEffect } from "../faults/fault-schema";
import { admit, identify } from "../server/gate";
import type { Incoming } from "../server/server";
import { find, type Host, parsedJson, type Service, type Shared } from "../server/service";
import type { Call } from "../simulation";
import { type Reply, refuse, refuseMalformedUrl } from "./reply";
import { cbrRoutes, type Route } from "./routes";

/** CBR of one region: sign-in, project, then the operation's rule. */
export function cbrService(shared: Shared, host: Host): Service {
    const { accounts, world } = shared;
    const throttled = throttle(shared);
    return {
        find: (method, target) => {
            const below =
                target.segments[0] === "v3" && target.segments.length > 2 ? target.segments.slice(2) : undefined;
            const asked = { method, segments: below, otc: host.dialect === "otc" };
            return find(cbrRoutes, asked, ({ route, params }, received) => {
                if (throttled()) refuse("APIGW.0308");
                const { incoming } = received;
                const projectId = target.segments[1] ?? "";
                const refuseProject = (detail: string): never =>
                    world.rules.otherProject === "malformed-url" ? refuseMalformedUrl() : refuse("APIGW.0302", detail);
                const caller = identify(accounts, incoming, world.schedule.clock.now());
                admit(accounts, caller, incoming, { region: host.region, projectId, refuseProject });
                const store = world.store(host.region, projectId) ?? refuseProject("unknown project");
                const { protectable_type: _kind, ...ids } = params;
                const hasMalformedId = method !== "POST" && Object.values(ids).some((id) => !isUuid(id));
                if (host.dialect === "huawei" && hasMalformedId) refuseMalformedUrl();
                if (!route.takesQuery && target.queryText !== "")
                    refuse("9900", `unknown parameter ${target.queryText.split(/[=&]/)[0]}`);
                const reply = route.handle({
                    world,
                    store,
                    dialect: host.dialect,
                    requestId: received.requestId,
                    params,
                    query: target.query,
                    body: route.takesBody ? jsonBody(incoming, received.bodyText) : undefined,
                    effects: received.effects.filter(
                        (effect): effect is ObjectEffect => typeof effect === "object" && "kind" in effect,
                    ),
                });
                if (shared.checkAnswers) checkAnswer(route, reply);
                return reply;
            });
        },
    };
}

function throttle(shared: Shared): () => boolean {
    let second = 0;
    let count = 0;
    return () => {
        if (shared.requestsPerSecond === 0) return false;
        const now = Math.floor(shared.world.schedule.clock.now() / 1000);
        count = now === second ? count + 1 : 1;
        second = now;
        return count > shared.requestsPerSecond;
    };
}

const isUuid = (text: string): boolean => /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i.test(text);

function jsonBody(incoming: Incoming, text: string): unknown {
    if (incoming.headers["content-type"]?.split(";")[0]?.trim() !== "application/json")
        refuse("9900", "Content-Type must be application/json");
    return parsedJson(text) ?? refuse("9900", "the body is no JSON");
}

function checkAnswer(route: Route<Call>, reply: Reply): void {
    if (route.response === undefined) return;
    const parsed = route.response.safeParse(reply.body === "" ? undefined : JSON.parse(reply.body));
    if (!parsed.success)
        throw new Error(`${route.operation}: the answer does not fit its schema: ${parsed.error?.message ?? ""}`);
}
