// Which hosts the client asks with some settings: a recorder stands in the network's place, and answers as IAM and CBR do.
import { createAuthenticator } from "../../provider/client/auth/authenticator";
import { Client } from "../../provider/client/client";
import { CbrError } from "../../provider/client/errors/errors";
import type { HttpRequest, Transport } from "../../provider/client/http/transport";
import { listVaults } from "../../provider/client/operations";
import { resolveSettings } from "../../provider/client/settings/settings";
import { FakeClock } from "./fake-clock";

const P = "0123456789abcdef0123456789abcdef";

/** Answers every call as IAM or CBR would. */
class Recorder implements Transport {
    readonly hosts = new Set<string>();
    async send(request: HttpRequest) {
        const url = new URL(request.url);
        this.hosts.add(url.host);
        const json = (status: number, body: object) => ({
            status,
            headers: { "x-subject-token": "tttttttt" },
            body: JSON.stringify(body),
        });
        if (/\/(auth|id-token)\/tokens$/.test(url.pathname))
            return json(201, {
                token: { expires_at: "2099-01-01T00:00:00Z", project: { id: P }, catalog: catalog(url.hostname) },
            });
        if (url.pathname.endsWith("/securitytokens"))
            return json(201, { credential: { access: "TEMP", secret: "ssssssss", securitytoken: "tttttttt" } });
        if (url.pathname.startsWith("/meta-data/")) return json(404, {});
        if (url.pathname.endsWith("/securitykey"))
            return json(200, { credential: { access: "TEMP", secret: "ssssssss", securitytoken: "tttttttt" } });
        if (url.pathname.endsWith("/projects"))
            return json(200, { projects: [{ id: P, name: url.searchParams.get("name") }] });
        return json(200, { vaults: [], count: 0 });
    }
    async close() {}
}

/** Of each interface an address of its own; one that nobody may use for region `clear`. */
function catalog(iam: string) {
    const domain = iam.split(".").slice(1).join(".");
    const address = (region: string, name: string) => ({
        interface: name,
        region,
        url: `${region === "clear" ? "http" : "https"}://${name}.${region}.${domain}`,
    });
    const names = ["public", "internal"];
    const endpoints = ["r1", "r2", "clear"].flatMap((region) => names.map((name) => address(region, name)));
    return [{ type: "cbr", endpoints }];
}

export interface Case {
    readonly config?: Record<string, unknown>;
    readonly env?: Record<string, string>;
    readonly files?: Record<string, string>;
    /** Besides the settings' own region: those of `region` and `destinationRegion`. */
    readonly regions?: readonly string[];
}

/** Hosts that were asked, and what was said where nothing was. */
export async function asked({ config = {}, env = {}, files = {}, regions = [] }: Case): Promise<[string[], string]> {
    const access = { read: (path: string) => files[path], cwd: () => "/project", home: () => "/home/u" };
    const transport = new Recorder();
    let said = "";
    try {
        const settings = resolveSettings((key) => config[key], env, access);
        const clock = new FakeClock();
        const auth = createAuthenticator(settings, transport, clock);
        const client = new Client({ settings, auth, transport, clock, signal: new AbortController().signal });
        for (const region of [settings.region?.value ?? "", ...regions]) {
            try {
                await client.call(listVaults, { target: await client.target(region) });
            } catch (error) {
                if (!(error instanceof CbrError)) throw error;
                said += error.message;
            }
        }
    } catch (error) {
        if (!(error instanceof CbrError)) throw error;
        said += error.message;
    }
    return [[...transport.hosts].sort(), said];
}
