/**
 * What the commands that look at backups share: their options, the states that were given, and the way to the cloud.
 */
import { createUndiciTransport } from "../../provider/client/http/undici-transport";
import { requireCredentials } from "../../provider/client/settings/require";
import { resolveSettings } from "../../provider/client/settings/settings";
import { type Clock, systemClock } from "../../provider/client/time/clock";
import type { Services } from "../../provider/services/context";
import { createServices } from "../../provider/services/services";
import { Failure, type Io, refuseEmpty, UsageError } from "../command";
import { fileConfiguration, noConfiguration, stackConfiguration } from "../doctor/configuration";
import { Holders } from "./holders";
import { readStates, type StackState } from "./states";

/** For `parseArgs`. */
export const sourceOptions = {
    stack: { type: "string", multiple: true },
    state: { type: "string", multiple: true },
    config: { type: "string" },
    region: { type: "string", multiple: true },
} as const;

export interface SourceValues {
    readonly stack?: readonly string[] | undefined;
    readonly state?: readonly string[] | undefined;
    readonly config?: string | undefined;
    readonly region?: readonly string[] | undefined;
}

/** Lines of `--help` for them. */
export const sourceUsage = `\
  --stack NAME          a stack of this directory's project: its state says what it holds (\`pulumi stack export\`), and
                        the configuration of the first one is used; may be given several times
  --state FILE          a state in a file that \`pulumi stack export\` wrote; may be given several times
  --config FILE         stack configuration from a file: Pulumi.<stack>.yaml, or the output of \`pulumi config --json\`
  --region NAME         look at this region only; may be given several times (default: the settings' own, those of
                        cbr:endpoints, and those that the states name)`;

export interface Session {
    readonly services: Services;
    readonly clock: Clock;
    readonly states: readonly StackState[];
    readonly holders: Holders;
    /** Projects to look at, one after another as they were named. */
    readonly places: readonly PlaceToRead[];
    /** Ends requests and waits that are under way: with `services` nothing more is sent. */
    abort(): void;
    /** For a last question after `abort()`. Signs in anew. */
    servicesAfterAbort(): Services;
    close(): Promise<void>;
}

export interface PlaceToRead {
    readonly region: string;
    /** Undefined: the region's own, as settings and IAM say. */
    readonly projectId: string | undefined;
}

/**
 * Reads states and configuration. `alsoRead`: regions besides those that the options choose. Throws `UsageError` for
 * options that make no sense, `ConfigError` for settings and missing credentials.
 */
export async function openSession(values: SourceValues, io: Io, alsoRead: readonly string[] = []): Promise<Session> {
    refuseEmpty({ ...values }, "stack", "state", "config", "region");
    for (const region of values.region ?? [])
        if (!/^[\w.-]+$/.test(region))
            throw new UsageError(`--region is ${JSON.stringify(region)}, but must be a name such as eu-de`);
    const [firstStack] = values.stack ?? [];
    const configuration =
        values.config !== undefined
            ? await fileConfiguration(values.config)
            : firstStack !== undefined
              ? await stackConfiguration(firstStack, io.env)
              : noConfiguration;
    for (const key of configuration.encrypted)
        io.err(`warning: ${key} is encrypted in ${configuration.source} and was not used; --stack decrypts it\n`);
    const states = await readStates({ stacks: values.stack ?? [], files: values.state ?? [], env: io.env });
    const holders = new Holders(states);
    const get = (key: string): string | undefined => {
        const value = Object.hasOwn(configuration.values, key) ? configuration.values[key] : undefined;
        if (value === undefined || value === null) return undefined;
        return typeof value === "object" ? JSON.stringify(value) : String(value);
    };
    const settings = resolveSettings(get, io.env);
    for (const warning of settings.warnings) io.err(`warning: ${warning}\n`);
    requireCredentials(settings);
    const transport = io.transport ?? createUndiciTransport(settings);
    const clock = io.clock ?? systemClock;
    const working = new AbortController();
    const closing = new AbortController();
    const journal = io.journal === undefined ? {} : { journal: io.journal };
    const servicesUntil = ({ signal }: AbortController) =>
        createServices(get, io.env, { clock, transport, signal, ...journal });
    const services = servicesUntil(working);
    return {
        services,
        clock,
        states,
        holders,
        places: placesOf(services, holders, values.region ?? [], alsoRead),
        abort: () => working.abort(new Failure("interrupted")),
        servicesAfterAbort: () => servicesUntil(closing),
        async close() {
            for (const controller of [working, closing]) controller.abort(new Failure("ended"));
            if (io.transport === undefined) await transport.close();
        },
    };
}

function placesOf(
    services: Services,
    holders: Holders,
    wanted: readonly string[],
    alsoRead: readonly string[],
): PlaceToRead[] {
    const { settings } = services;
    const own = [...(settings.region === undefined ? [] : [settings.region.value]), ...Object.keys(settings.endpoints)];
    const named = holders.places.map(({ region }) => region);
    const regions = wanted.length > 0 ? wanted : [...own, ...named];
    if (regions.length === 0)
        throw new UsageError("no region is set: give --region, or set cbr:region, HW_REGION_NAME or OS_REGION_NAME");
    return [...new Set([...regions, ...alsoRead])].flatMap((region) => {
        const others = holders.places
            .filter((place) => place.region === region && place.projectId !== undefined)
            .map(({ projectId }) => projectId);
        return [undefined, ...new Set(others)].map((projectId) => ({ region, projectId }));
    });
}
