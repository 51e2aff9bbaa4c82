/** Which credentials are used, when several places give some. Pure. */
import { registerSecret } from "../errors/redaction";
import { type Field, type Layer, namesFor, type Resolved } from "./sources";

/** What proves who calls. Every part says where it is from. */
export type Credentials = TokenCredentials | AccessKeyCredentials | PasswordCredentials;

/** A token that somebody else fetched: used as it is, cannot be renewed. */
export interface TokenCredentials {
    readonly kind: "token";
    readonly token: Resolved;
}

/** Access key and secret key, which sign each request; permanent, or temporary with a security token. */
export interface AccessKeyCredentials {
    readonly kind: "accessKey";
    readonly accessKey: Resolved;
    readonly secretKey: Resolved;
    readonly securityToken?: Resolved | undefined;
}

/** User and password, for which IAM gives tokens. `userId`, or `userName` with a domain. */
export interface PasswordCredentials {
    readonly kind: "password";
    readonly userName?: Resolved | undefined;
    readonly userId?: Resolved | undefined;
    readonly password: Resolved;
    /** One-time code of a second factor. */
    readonly passcode?: Resolved | undefined;
    readonly domainName?: Resolved | undefined;
    readonly domainId?: Resolved | undefined;
}

/** Makes every secret known to the redaction of errors, also of credentials that will not be used. To be called before anything can fail. */
export function registerSecrets(layers: readonly Layer[]): void {
    for (const field of ["token", "secretKey", "securityToken", "password", "passcode"] as const)
        for (const layer of layers) registerSecret(layer.get(field)?.value);
}

/** Two names for one thing (id and name): the highest layer that has one gives both, so that a name in stack configuration beats an id in the environment. */
export function chooseTogether<F extends Field>(
    layers: readonly Layer[],
    ...fields: readonly F[]
): Partial<Record<F, Resolved>> {
    for (const layer of layers) {
        const found: Partial<Record<F, Resolved>> = {};
        for (const field of fields) {
            const value = layer.get(field);
            if (value !== undefined) found[field] = value;
        }
        if (Object.keys(found).length > 0) return found;
    }
    return {};
}

/** Half of a credential, in words, and the layer that has it. */
export interface IncompleteCredential {
    readonly rank: number;
    readonly text: string;
}

interface Candidate {
    /** Index of the highest layer that gave a part. */
    readonly rank: number;
    readonly credentials: Credentials;
}

export interface CredentialChoice {
    readonly credentials: Credentials | undefined;
    /** Is a part of them from the highest layer given? */
    readonly rank: number;
    /** Halves that could not be used: what is there, what is missing, and how to give it. */
    readonly incomplete: readonly IncompleteCredential[];
}

/** The `other` half for the `half` that layer `at` gave: its own, or that of a layer which has no such half of its own. */
function otherHalf(
    layers: readonly Layer[],
    at: number,
    half: Field,
    other: Field,
): { value: Resolved; rank: number } | undefined {
    const mine = layers[at]?.get(half)?.value;
    for (const [rank, layer] of layers.entries()) {
        const value = layer.get(other);
        if (value === undefined) continue;
        // A layer's pair is not torn apart: its secret fits its own first half only.
        const its = layer.get(half)?.value;
        if (rank !== at && its !== undefined && its !== mine) continue;
        return { value, rank };
    }
    return undefined;
}

function firstWith(layers: readonly Layer[], ...fields: readonly Field[]): number {
    return layers.findIndex((layer) => fields.some((field) => layer.get(field) !== undefined));
}

function accessKeyPair(layers: readonly Layer[], incomplete: IncompleteCredential[]): Candidate | undefined {
    const keyed = layers.flatMap((layer, rank) => (layer.get("accessKey") === undefined ? [] : [rank]));
    let missing: IncompleteCredential | undefined;
    for (const at of keyed) {
        const accessKey = layers[at]?.get("accessKey");
        const secret = otherHalf(layers, at, "accessKey", "secretKey");
        if (accessKey === undefined) continue;
        if (secret === undefined) {
            missing ??= {
                rank: at,
                text: `there is an access key (${accessKey.source}), but no secret key: set ${namesFor("secretKey")}`,
            };
            continue;
        }
        const securityToken = [at, secret.rank, ...environmentBeside(layers, at)]
            .map((rank) => layers[rank]?.get("securityToken"))
            .find((value) => value !== undefined);
        if (missing !== undefined) incomplete.push(missing);
        return {
            rank: Math.min(at, secret.rank),
            credentials: {
                kind: "accessKey",
                accessKey,
                secretKey: secret.value,
                ...(securityToken === undefined ? {} : { securityToken }),
            },
        };
    }
    if (missing !== undefined) incomplete.push(missing);
    const rank = firstWith(layers, "secretKey");
    const secretKey = layers[rank]?.get("secretKey");
    if (keyed.length === 0 && secretKey !== undefined)
        incomplete.push({
            rank,
            text: `there is a secret key (${secretKey.source}), but no access key: set ${namesFor("accessKey")}`,
        });
    return undefined;
}

/** The environment is one place to its users, whatever the prefixes: a security token of another family belongs to the key, unless that family has a key of its own. */
function environmentBeside(layers: readonly Layer[], at: number): number[] {
    if (layers[at]?.kind !== "environment") return [];
    return layers.flatMap((layer, rank) =>
        layer.kind === "environment" && layer.get("accessKey") === undefined ? [rank] : [],
    );
}

function userAndPassword(layers: readonly Layer[], incomplete: IncompleteCredential[]): Candidate | undefined {
    const at = firstWith(layers, "userName", "userId");
    const user = layers[at];
    if (user === undefined) {
        const rank = firstWith(layers, "password");
        const password = layers[rank]?.get("password");
        if (password !== undefined)
            incomplete.push({
                rank,
                text: `there is a password (${password.source}), but no user: set ${namesFor("userName")}`,
            });
        return undefined;
    }
    for (const [rank, layer] of layers.entries()) {
        if (rank < at) continue;
        const userName = layer.get("userName");
        const userId = layer.get("userId");
        if (userName === undefined && userId === undefined) continue;
        const half = userId === undefined ? "userName" : "userId";
        const password = otherHalf(layers, rank, half, "password");
        const { domainName, domainId } = chooseTogether(layers, "domainName", "domainId");
        const who = (userId ?? userName)?.source ?? "";
        if (password === undefined) {
            incomplete.push({ rank, text: `there is a user (${who}), but no password: set ${namesFor("password")}` });
            continue;
        }
        if (userId === undefined && domainName === undefined && domainId === undefined) {
            incomplete.push({
                rank,
                text: `there is a user name (${who}) with a password, but no domain (account) name: set ${namesFor("domainName")}`,
            });
            continue;
        }
        const passcode = layers.map((one) => one.get("passcode")).find((value) => value !== undefined);
        return {
            rank: Math.min(rank, password.rank),
            credentials: {
                kind: "password",
                password: password.value,
                ...(userId === undefined ? {} : { userId }),
                ...(userName === undefined ? {} : { userName }),
                ...(domainName === undefined ? {} : { domainName }),
                ...(domainId === undefined ? {} : { domainId }),
                ...(passcode === undefined ? {} : { passcode }),
            },
        };
    }
    return undefined;
}

/**
 * Among the credentials that are complete, those of the highest layer; of one layer token before access key before
 * password. A half may be completed from another layer (the access key in stack configuration, its secret in the
 * environment), and then counts for the higher of the two; but a layer that has both halves keeps them together.
 */
export function chooseCredentials(layers: readonly Layer[]): CredentialChoice {
    const incomplete: IncompleteCredential[] = [];
    const tokenAt = firstWith(layers, "token");
    const token = layers[tokenAt]?.get("token");
    const found = [
        token === undefined
            ? undefined
            : ({ rank: tokenAt, credentials: { kind: "token", token } } satisfies Candidate),
        accessKeyPair(layers, incomplete),
        userAndPassword(layers, incomplete),
    ].filter((candidate) => candidate !== undefined);
    // Stable: of equal ranks the first mode stays first.
    const [best] = found.sort((a, b) => a.rank - b.rank);
    return { credentials: best?.credentials, rank: best?.rank ?? Number.POSITIVE_INFINITY, incomplete };
}

/** Are these the same proof, wherever they are from? */
export function sameCredentials(a: Credentials, b: Credentials): boolean {
    const proof = (credentials: Credentials): readonly (string | undefined)[] => {
        switch (credentials.kind) {
            case "token":
                return [credentials.token.value];
            case "accessKey":
                return [credentials.accessKey.value, credentials.secretKey.value, credentials.securityToken?.value];
            case "password":
                return [credentials.userId?.value ?? credentials.userName?.value, credentials.password.value];
        }
    };
    return a.kind === b.kind && proof(a).every((part, index) => part === proof(b)[index]);
}

/** Only stack configuration is stored by an update and used again by refresh and destroy. */
const stored = (part: Resolved): boolean => part.source.startsWith("cbr:");

/** The credentials in words, with the setting that each part came from; never a value. */
export function describeCredentials(credentials: Credentials): string {
    const note = "; refresh and destroy use the one that the last update stored, unless run with --run-program";
    switch (credentials.kind) {
        case "token":
            return `the token from ${credentials.token.source} (good for its own region and project only, and not renewable${stored(credentials.token) ? note : ""})`;
        case "accessKey": {
            const { accessKey, secretKey, securityToken } = credentials;
            const pair =
                accessKey.source === secretKey.source
                    ? `the access key and secret key from ${accessKey.source}`
                    : `the access key from ${accessKey.source} with the secret key from ${secretKey.source}`;
            if (securityToken === undefined) return pair;
            return `${pair} and the security token from ${securityToken.source} (temporary keys${stored(securityToken) ? note : ""})`;
        }
        case "password": {
            const user =
                credentials.userId === undefined
                    ? `user name from ${credentials.userName?.source}`
                    : `user id from ${credentials.userId.source}`;
            const domain =
                credentials.userId === undefined ? (credentials.domainId ?? credentials.domainName) : undefined;
            return `the ${user}${domain === undefined ? "" : ` (domain from ${domain.source})`} with the password from ${credentials.password.source}`;
        }
    }
}
