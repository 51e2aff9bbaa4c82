import { iamRoutes } from "../api/routes";
import { find, type Host, parsedJson, type Service, type Shared } from "../server/service";

/** IAM of one region. It knows the projects of all regions, unless `iamPerRegion` says otherwise. */
export function iamService(shared: Shared, host: Host): Service {
    const { accounts, endpoints, world } = shared;
    return {
        find: (method, target) =>
            find(iamRoutes, { method, segments: target.segments, otc: false }, ({ route }, { incoming, bodyText }) =>
                route.handle({
                    accounts,
                    endpoints,
                    dialect: host.dialect,
                    request: incoming,
                    query: target.query,
                    body: bodyText === "" ? undefined : parsedJson(bodyText),
                    nowMs: world.schedule.clock.now(),
                    projects: accounts.projects.filter(
                        (project) => !shared.iamPerRegion || project.region === host.region,
                    ),
                }),
            ),
    };
}
