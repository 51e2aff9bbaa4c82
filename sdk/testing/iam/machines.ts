/** Sign-in of machines (api-notes: Credentials of machines): identity tokens, and a server's metadata service. */
import { z } from "zod";
import { json, type Reply, refuseKeystone } from "../api/reply";
import { type IamCall, isoMicros, parseBody, refuseIam, tokenReply } from "./iam";

const idTokenBody = z.object({ auth: z.object({ id_token: z.object({ id: z.string().min(1) }) }) });

/** Keys of a server's agency are good for an hour. */
const SERVER_KEYS_MS = 3_600_000;

/** POST /v3.0/OS-AUTH/id-token/tokens: a token without scope, for the identity token of a provider that IAM knows. */
export function createTokenWithIdToken(call: IamCall): Reply {
    const { webIdentity, domainId } = call.accounts.credentials;
    const provider = call.request.headers["x-idp-id"] ?? "";
    const { id } = parseBody(idTokenBody, call.body).auth.id_token;
    if (provider !== webIdentity.identityProvider)
        return refuseKeystone(404, `Could not find Identity Provider: ${provider}.`);
    if (id !== webIdentity.idToken) return refuseIam(call, "IAM.0001", 401, "The id token is invalid or has expired.");
    return tokenReply(call, call.accounts.issueToken({ methods: ["mapped"], domainId }));
}

/** PUT /meta-data/latest/api/token: the metadata service's own token, for 1 to 21,600 s. */
export function createMetadataToken(call: IamCall): Reply {
    const seconds = Number(call.request.headers["x-metadata-token-ttl-seconds"]);
    if (!(seconds >= 1 && seconds <= 21_600)) return { status: 400, headers: {}, body: "", code: "" };
    const token = call.accounts.issueMetadataToken(seconds * 1000);
    return { status: 200, headers: { "content-type": "text/plain" }, body: token, code: "" };
}

/** GET /openstack/latest/securitykey: keys of the server's agency. A token is needed only where one is sent. */
export function showSecurityKey(call: IamCall): Reply {
    const token = call.request.headers["x-metadata-token"];
    if (token !== undefined && !call.accounts.isMetadataToken(token))
        return { status: 401, headers: {}, body: "Invalid token", code: "" };
    const key = call.accounts.issueTemporaryKey(call.accounts.credentials.domainId, SERVER_KEYS_MS);
    return json(200, {
        credential: {
            access: key.accessKey,
            secret: key.secretKey,
            securitytoken: key.securityToken,
            expires_at: isoMicros(key.expiresMs),
        },
    });
}
