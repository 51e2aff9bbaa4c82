/** Temporary keys of the agency of the server that this runs on (api-notes: Credentials of machines). */
import { z } from "zod";
import { AuthError, ConfigError, messageOf, TransportError } from "../errors/errors";
import { registerSecret } from "../errors/redaction";
import type { HttpRequest, HttpResponse } from "../http/transport";
import { isLoopback, METADATA_HOST } from "../settings/clouds";
import type { InstanceCredentials } from "../settings/settings";
import type { TemporaryKeys } from "./iam";
import { type Iam, life } from "./iam-exchange";

/** Every server of these clouds has its metadata service here, and no other host is asked. */
const METADATA_ADDRESS = `http://${METADATA_HOST}`;
const TOKEN_PATH = "/meta-data/latest/api/token";
const KEYS_PATH = "/openstack/latest/securitykey";
/** It is next door: who does not answer by then is not there, in milliseconds. */
const TIMEOUT_MS = 3_000;
/** Life asked for of the metadata service's own token, in seconds. */
const TOKEN_SECONDS = 21_600;
/** The metadata service has no such call, or none any more: then it answers without a token. */
const WITHOUT_TOKEN: ReadonlySet<number> = new Set([404, 405, 503]);

const answer = z.object({
    credential: z.object({
        access: z.string().min(1),
        secret: z.string().min(1),
        securitytoken: z.string().min(1),
        expires_at: z.string().optional(),
    }),
});

/** The metadata service of this server, or what stands in its place on this machine in a test. */
function addressOf(credentials: InstanceCredentials): string {
    const { value, source } = credentials.asked;
    if (!URL.canParse(value)) return METADATA_ADDRESS;
    const url = new URL(value);
    if (url.protocol === "http:" && isLoopback(url.hostname)) return value.replace(/\/+$/, "");
    throw new ConfigError(`${source} must be true, or an address of this machine, as a simulator has one.`);
}

async function ask(iam: Iam, request: Pick<HttpRequest, "method" | "url" | "headers">): Promise<HttpResponse> {
    const { signal } = iam;
    for (let attempt = 1; ; attempt++) {
        signal?.throwIfAborted();
        try {
            return await iam.transport.send({
                ...request,
                timeoutMs: TIMEOUT_MS,
                ...(signal === undefined ? {} : { signal }),
            });
        } catch (error) {
            if (!(error instanceof TransportError)) throw error;
            if (attempt > 1 || error.retry === "never")
                throw new TransportError(
                    `The metadata service does not answer: is this a server of the cloud? ${messageOf(error)}`,
                    { sent: false, retry: error.retry, cause: error },
                );
        }
    }
}

/** The metadata service's own token; undefined where it has none. */
async function metadataToken(iam: Iam, address: string): Promise<string | undefined> {
    const headers = { "x-metadata-token-ttl-seconds": String(TOKEN_SECONDS) };
    const response = await ask(iam, { method: "PUT", url: `${address}${TOKEN_PATH}`, headers });
    if (WITHOUT_TOKEN.has(response.status)) return undefined;
    const token = response.body.trim();
    if (response.status !== 200 || token === "")
        throw new ConfigError(`The metadata service gives no token: HTTP ${response.status}.`);
    registerSecret(token);
    return token;
}

function readKeys({ status, body }: HttpResponse): z.output<typeof answer> {
    try {
        return answer.parse(JSON.parse(body));
    } catch {
        // The text is not quoted: it may hold secrets.
        throw new AuthError("Sign-in did not work. The metadata service's answer has no usable keys.", {
            status,
            retry: "backoff",
        });
    }
}

/**
 * The keys of the server's agency.
 * @throws ConfigError where the server has no agency; TransportError where there is no metadata service.
 */
export async function fetchInstanceKeys(iam: Iam, credentials: InstanceCredentials): Promise<TemporaryKeys> {
    const address = addressOf(credentials);
    const token = await metadataToken(iam, address);
    const headers: Record<string, string> = { accept: "application/json" };
    if (token !== undefined) headers["x-metadata-token"] = token;
    const response = await ask(iam, { method: "GET", url: `${address}${KEYS_PATH}`, headers });
    if (response.status >= 500)
        throw new AuthError(`Sign-in did not work. The metadata service answers HTTP ${response.status}.`, {
            status: response.status,
            retry: "backoff",
        });
    if (response.status !== 200)
        throw new ConfigError(
            `The metadata service gives no keys (HTTP ${response.status}), though ${credentials.asked.source} asks ` +
                "for those of the server's agency: does this server have one?",
        );
    const { credential } = readKeys(response);
    registerSecret(credential.secret);
    registerSecret(credential.securitytoken);
    return {
        accessKey: credential.access,
        secretKey: credential.secret,
        securityToken: credential.securitytoken,
        ...life(iam.clock.now(), credential.expires_at, undefined),
    };
}
