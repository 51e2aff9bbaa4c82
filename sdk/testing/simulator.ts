import { systemClock } from "../../provider/client/time/clock";
import { Cloud } from "./cloud/cloud";
import { Schedule } from "./cloud/schedule";
import type { Dialect } from "./cloud/state";
import { Store } from "./cloud/store";
import type { Fault } from "./faults/fault-schema";
import { type ActiveFault, Faults } from "./faults/faults";
import { Accounts, type Credentials, credentialsFrom, hex } from "./iam/accounts";
import { type RegionOptions, rulesFrom, type SimulatorOptions } from "./options";
import { basePath, Exchange } from "./server/exchange";
import type { RequestLogEntry } from "./server/request-log";
import { listen } from "./server/server";
import type { Shared } from "./server/service";
import { type SignIn, type SimulatorSettings, settingsFor } from "./settings";
import type { World } from "./simulation";

/** A project of a region. */
export interface SimulatedProject {
    readonly projectId: string;
    readonly projectName: string;
    readonly cloud: Cloud;
}

export interface SimulatedRegion extends SimulatedProject {
    readonly name: string;
    readonly dialect: Dialect;
    /** CBR, `http://127.0.0.1:PORT`. */
    readonly url: string;
    /** CBR again, below a path. */
    readonly urlWithPath: string;
    /** IAM, `http://127.0.0.1:PORT/v3`. */
    readonly iamUrl: string;
    /** The project, of another domain, that the agency gives access to. */
    readonly delegated: SimulatedProject;
    /** Requests to this region's CBR and IAM. */
    readonly requests: readonly RequestLogEntry[];
    /** Adds another project to the region. */
    addProject(options?: { projectId?: string; projectName?: string }): SimulatedProject;
}

/** Names of the regions when none are given. */
export type DefaultRegions = "eu-de" | "eu-nl";

export interface Simulator<Name extends string = DefaultRegions> {
    /** Regions by name. */
    readonly regions: Readonly<Record<Name, SimulatedRegion>>;
    /** A region by any name. Throws when there is none. */
    region(name: string): SimulatedRegion;
    readonly credentials: Credentials;
    /** All requests to all regions, in order of arrival. */
    readonly requests: readonly RequestLogEntry[];
    /** Faults given so far, with how often each matched and struck. */
    readonly faults: readonly ActiveFault[];
    /** Milliseconds that new tokens live; may be changed. */
    tokenLifeMs: number;
    /** Milliseconds that an access key stays blocked; may be changed. */
    keyBlockMs: number;
    clearRequests(): void;
    /** Arms a fault. */
    fail(fault: Fault): ActiveFault;
    clearFaults(): void;
    /** A token for a region's project, or for another one of it, without a request. */
    issueToken(region?: string, options?: { lifeMs?: number; projectId?: string }): string;
    /** Makes one token, or all, worthless at once. */
    revokeTokens(token?: string): void;
    /** Lifts every block of access keys. */
    unblockKeys(): void;
    /** Ends all work under way. */
    finishAll(): void;
    /**
     * Environment variables and stack configuration that point a program here. Default: the first region, by access
     * keys.
     */
    settings(options?: { region?: string; signIn?: SignIn }): SimulatorSettings;
    /** Stops listening and cuts all connections. */
    close(): Promise<void>;
}

/** Starts the simulator on free loopback ports, one for CBR and one for IAM in each region. */
export async function startSimulator<const Name extends string = DefaultRegions>(
    options: SimulatorOptions<Name> = {},
): Promise<Simulator<Name>> {
    const parts = partsOf(options);
    const { clock, schedule, credentials, accounts, faults, log } = parts;
    for (const fault of options.faults ?? []) faults.add(fault);
    const { regions, close } = await openRegions(parts, options);
    const names = [...regions.keys()];
    const regionOf = (name = names[0] ?? ""): SimulatedRegion => {
        const region = regions.get(name);
        if (region === undefined) throw new Error(`the simulator has no region ${name}: it has ${names.join(", ")}`);
        return region;
    };
    const issueToken = (name?: string, given: { lifeMs?: number; projectId?: string } = {}): string => {
        const { projectId } = { ...regionOf(name), ...given };
        const project = accounts.projects.find((each) => each.id === projectId);
        const expiresMs = given.lifeMs === undefined ? undefined : clock.now() + given.lifeMs;
        return accounts.issueToken({ methods: ["password"], project, expiresMs }).value;
    };
    return {
        regions: Object.fromEntries(regions) as Record<Name, SimulatedRegion>,
        region: (name) => regionOf(name),
        credentials,
        requests: log,
        get faults() {
            return faults.list;
        },
        get tokenLifeMs() {
            return accounts.tokenLifeMs;
        },
        set tokenLifeMs(milliseconds) {
            accounts.tokenLifeMs = milliseconds;
        },
        get keyBlockMs() {
            return accounts.keyBlockMs;
        },
        set keyBlockMs(milliseconds) {
            accounts.keyBlockMs = milliseconds;
        },
        clearRequests: () => {
            log.length = 0;
        },
        fail: (fault) => faults.add(fault),
        clearFaults: () => faults.clear(),
        issueToken,
        revokeTokens: (token) => accounts.revokeTokens(token),
        unblockKeys: () => accounts.unblockKeys(),
        finishAll: () => schedule.finishAll(),
        settings: ({ region, signIn = "keys" } = {}) => {
            const at = regionOf(region);
            const token = signIn === "token" ? issueToken(at.name) : undefined;
            return settingsFor(credentials, { ...placeOf(at, signIn), endpoints: endpointsOf(regions), token }, signIn);
        },
        close,
    };
}

/** What all regions share. */
function partsOf(options: SimulatorOptions<string>) {
    const clock = options.clock ?? systemClock;
    const { progressBy = "clock", readsToFinish = 3 } = options;
    const schedule = new Schedule({ clock, progressBy, readsToFinish });
    const credentials = credentialsFrom(options.credentials ?? {});
    const accounts = new Accounts({
        credentials,
        tokenLifeMs: options.tokenLifeMs ?? 86_400_000,
        keyBlockMs: options.keyBlockMs ?? 300_000,
        now: () => clock.now(),
    });
    const regionOptions: readonly RegionOptions[] = options.regions ?? [{ name: "eu-de" }, { name: "eu-nl" }];
    const names = regionOptions.map((region) => region.name);
    const stores = new Map<string, Store>();
    const world: World = {
        schedule,
        rules: rulesFrom(options),
        store: (region, projectId) => stores.get(`${region}/${projectId}`),
        hasRegion: (region) => names.includes(region),
        isOneAccount: (one, other) => {
            const domains = [one, other].map((id) => accounts.projects.find((project) => project.id === id)?.domainId);
            return domains[0] === domains[1];
        },
        destinations: (region) =>
            options.capabilities?.[region] ?? (options.capabilities ? [] : names.filter((name) => name !== region)),
        regionNames: names,
    };
    const log: RequestLogEntry[] = [];
    return { clock, schedule, credentials, accounts, regionOptions, stores, world, faults: new Faults(), log };
}
type Parts = ReturnType<typeof partsOf>;

/** A new project of a region, and what it holds. */
function addProject(
    { accounts, stores, schedule }: Parts,
    region: RegionOptions,
    given: {
        readonly domainId: string;
        readonly projectId?: string | undefined;
        readonly projectName?: string | undefined;
    },
    checkpointSurvivesLastBackup: boolean,
): SimulatedProject {
    const { domainId, projectId = hex(32), projectName = region.name } = given;
    accounts.projects.push({ id: projectId, name: projectName, region: region.name, domainId });
    const store = new Store({
        region: region.name,
        projectId,
        projectName,
        dialect: region.dialect ?? "huawei",
        checkpointSurvivesLastBackup,
    });
    stores.set(`${region.name}/${projectId}`, store);
    return { projectId, projectName, cloud: new Cloud(store, schedule) };
}

/** Listens for all regions; `close` ends that. */
async function openRegions(parts: Parts, options: SimulatorOptions<string>) {
    const { credentials, regionOptions, world, accounts, faults, log } = parts;
    const closing = new AbortController();
    const shared: Shared = {
        world,
        accounts,
        faults,
        log,
        endpoints: new Map(),
        checkAnswers: options.checkAnswers ?? false,
        requestsPerSecond: options.requestsPerSecond ?? 0,
        iamPerRegion: options.iamPerRegion ?? false,
        closing: closing.signal,
    };
    const servers: { close(): Promise<void> }[] = [];
    const open = async (service: "cbr" | "iam", region: RegionOptions, port: number | undefined): Promise<string> => {
        const exchange = new Exchange(shared, { service, region: region.name, dialect: region.dialect ?? "huawei" });
        const server = await listen((incoming) => exchange.handle(incoming), port);
        servers.push(server);
        return `http://127.0.0.1:${server.port}`;
    };
    const close = async () => {
        closing.abort();
        await Promise.all(servers.map((server) => server.close()));
    };
    const add = (region: RegionOptions, given: Parameters<typeof addProject>[2]) =>
        addProject(parts, region, given, options.checkpointSurvivesLastBackup ?? false);
    const { domainId, agency } = credentials;

    const regions = new Map<string, SimulatedRegion>();
    try {
        for (const region of regionOptions) {
            const url = await open("cbr", region, region.port);
            const iam = await open("iam", region, region.iamPort);
            shared.endpoints.set(region.name, { cbr: url, iam });
            regions.set(region.name, {
                ...add(region, { domainId, projectId: region.projectId, projectName: region.projectName }),
                name: region.name,
                dialect: region.dialect ?? "huawei",
                url,
                urlWithPath: `${url}${basePath}`,
                iamUrl: `${iam}/v3`,
                delegated: add(region, { domainId: agency.domainId }),
                get requests() {
                    return log.filter((entry) => entry.region === region.name);
                },
                addProject: (more = {}) => add(region, { domainId, ...more }),
            });
        }
    } catch (error) {
        await close();
        throw error;
    }
    return { regions, close };
}

const endpointsOf = (regions: ReadonlyMap<string, SimulatedRegion>): Record<string, string> =>
    Object.fromEntries([...regions.values()].map((each) => [each.name, each.url]));

/** Where a program is pointed to. */
function placeOf(at: SimulatedRegion, signIn: SignIn) {
    const { projectId, projectName } = signIn === "agency" ? at.delegated : at;
    return { region: at.name, dialect: at.dialect, projectId, projectName, authUrl: at.iamUrl };
}
