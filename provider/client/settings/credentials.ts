/** Which credentials are used, when several places give some. Pure. */
import { registerSecret } from "../errors/redaction";
import { type Field, type Layer, namesFor, type OpenStackField, type Resolved } from "./sources";

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

/** What may be shown nowhere, and is encrypted in stack configuration. */
export const SECRET_FIELDS = ["token", "secretKey", "securityToken", "password", "passcode"] as const;

/** Makes every secret known to the redaction of errors, also of credentials that will not be used. */
export function registerSecrets(layers: readonly Layer[]): void {
    for (const field of SECRET_FIELDS) for (const layer of layers) registerSecret(layer.get(field)?.value);
}

/**
 * Two names for one thing (id and name): the highest layer that has one gives both, so that a name in stack
 * configuration beats an id in the environment.
 */
export function chooseTogether<F extends Field | OpenStackField>(
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

/**
 * The user's account. Where only a project's is named it is the user's as well, as for Terraform's providers; where
 * both are, a project's that is left over from elsewhere does not take the user's place.
 */
export function accountIn(layers: readonly Layer[]): Partial<Record<"domainName" | "domainId", Resolved>> {
    const own = chooseTogether(layers, "domainName", "domainId");
    if (Object.keys(own).length > 0) return own;
    const { projectDomainName, projectDomainId } = chooseTogether(layers, "projectDomainName", "projectDomainId");
    return given({ domainName: projectDomainName, domainId: projectDomainId });
}

/** `record` without the keys whose value is undefined. */
export function given<T extends Record<string, unknown>>(record: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
    const entries = Object.entries(record).filter(([, value]) => value !== undefined);
    return Object.fromEntries(entries) as { [K in keyof T]?: Exclude<T[K], undefined> };
}

/** Half of a credential, in words, and the layer that has it. */
export interface IncompleteCredential {
    readonly rank: number;
    readonly text: string;
}

interface Candidate {
    /** Index of the highest layer that gave a part. */
    readonly rank: number;
    /** The layer whose credentials they are. */
    readonly layer: Layer | undefined;
    readonly credentials: Credentials;
}

export interface CredentialChoice {
    readonly credentials: Credentials | undefined;
    /** Is a part of them from the highest layer given? */
    readonly rank: number;
    /** The layer that names who signs in: its account, addresses and project belong to these credentials. */
    readonly layer?: Layer | undefined;
    /** Halves that could not be used: what is there, what is missing, and how to give it. */
    readonly incomplete: readonly IncompleteCredential[];
}

/**
 * The `other` half for the `half` that layer `at` gave: its own, or that of a layer which has no such half of its own.
 */
function otherHalf(
    layers: readonly Layer[],
    at: number,
    half: Field,
    other: Field,
): { value: Resolved; rank: number } | undefined {
    const mine = layers[at]?.get(half)?.value;
    for (const layer of belongingFirst(layers, layers[at])) {
        const value = layer.get(other);
        if (value === undefined) continue;
        const rank = layers.indexOf(layer);
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
            layer: layers[at],
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

/**
 * The environment is one place to its users, whatever the prefixes: a security token of another family belongs to the
 * key, unless that family has a key of its own.
 */
function environmentBeside(layers: readonly Layer[], at: number): number[] {
    if (layers[at]?.kind !== "environment") return [];
    return layers.flatMap((layer, rank) =>
        layer.kind === "environment" && layer.get("accessKey") === undefined ? [rank] : [],
    );
}

function userAndPassword(layers: readonly Layer[], incomplete: IncompleteCredential[]): Candidate | undefined {
    const users = layers.flatMap((layer, rank) => {
        const userId = layer.get("userId");
        const user = userId ?? layer.get("userName");
        return user === undefined || layer.excludedWay === "password" ? [] : [{ layer, rank, user, isId: !!userId }];
    });
    if (users.length === 0) {
        const rank = firstWith(layers, "password");
        const password = layers[rank]?.get("password");
        if (password !== undefined)
            incomplete.push({
                rank,
                text: `there is a password (${password.source}), but no user: set ${namesFor("userName")}`,
            });
        return undefined;
    }
    for (const { layer, rank, user, isId } of users) {
        const password = otherHalf(layers, rank, isId ? "userId" : "userName", "password");
        const { domainName, domainId } = accountIn(belongingFirst(layers, layer));
        if (password === undefined) {
            incomplete.push({
                rank,
                text: `there is a user (${user.source}), but no password: set ${namesFor("password")}`,
            });
            continue;
        }
        if (!isId && domainName === undefined && domainId === undefined) {
            incomplete.push({
                rank,
                text:
                    `there is a user name (${user.source}) with a password, but no domain (account) name: ` +
                    `set ${namesFor("domainName")}`,
            });
            continue;
        }
        const passcode = layers.map((one) => one.get("passcode")).find((value) => value !== undefined);
        return {
            rank: Math.min(rank, password.rank),
            layer,
            credentials: {
                kind: "password",
                password: password.value,
                ...given({
                    userId: layer.get("userId"),
                    userName: layer.get("userName"),
                    domainName,
                    domainId,
                    passcode,
                }),
            },
        };
    }
    return undefined;
}

/** Layers in the order that suits what belongs to `layer`: stack configuration, the layer itself, the others. */
export function belongingFirst(layers: readonly Layer[], layer: Layer | undefined): readonly Layer[] {
    if (layer === undefined) return layers;
    const stack = layers.filter((one) => one.kind === "stack");
    return [...new Set([...stack, layer, ...layers])];
}

/** The same, but that single OS_* variables beat a clouds.yaml entry: so it is for openstackclient and Terraform. */
export function familyFirst(layers: readonly Layer[], layer: Layer | undefined): readonly Layer[] {
    const isEntry = layer?.kind === "file" && layer.isOpenStack === true;
    const variables = layers.find((one) => one.kind === "environment" && one.isOpenStack === true);
    const order = belongingFirst(layers, layer);
    return isEntry && variables !== undefined ? belongingFirst(order, variables) : order;
}

function givenToken(layers: readonly Layer[]): Candidate | undefined {
    const rank = layers.findIndex((one) => one.get("token") !== undefined && one.excludedWay !== "token");
    const token = layers[rank]?.get("token");
    return token === undefined ? undefined : { rank, layer: layers[rank], credentials: { kind: "token", token } };
}

/**
 * Among the credentials that are complete, those of the highest layer; of one layer token before access key before
 * password. A half may be completed from another layer (the access key in stack configuration, its secret in the
 * environment), and then counts for the higher of the two; but a layer that has both halves keeps them together.
 */
export function chooseCredentials(layers: readonly Layer[]): CredentialChoice {
    const incomplete: IncompleteCredential[] = [];
    const found = [givenToken(layers), accessKeyPair(layers, incomplete), userAndPassword(layers, incomplete)].filter(
        (candidate) => candidate !== undefined,
    );
    const isFirst = ({ layer, credentials }: Candidate) => layer?.firstWay === credentials.kind;
    // Stable: of equal ranks the layer's own first way comes first, then token, access key, password.
    const [best] = found.sort((a, b) => a.rank - b.rank || Number(isFirst(b)) - Number(isFirst(a)));
    return {
        credentials: best?.credentials,
        rank: best?.rank ?? Number.POSITIVE_INFINITY,
        layer: best?.layer,
        incomplete,
    };
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

/** Which credentials they are, and what is to be known of them. */
function factsOf(credentials: Credentials): { who: string; parts: readonly (Resolved | undefined)[]; facts: string[] } {
    switch (credentials.kind) {
        case "token": {
            const { token } = credentials;
            const facts = ["good for its own region and project only, and not renewable"];
            return { who: `the token from ${token.source}`, parts: [token], facts };
        }
        case "accessKey": {
            const { accessKey, secretKey, securityToken } = credentials;
            const pair =
                accessKey.source === secretKey.source
                    ? `the access key and secret key from ${accessKey.source}`
                    : `the access key from ${accessKey.source} with the secret key from ${secretKey.source}`;
            const parts = [accessKey, secretKey, securityToken];
            if (securityToken === undefined) return { who: pair, parts, facts: [] };
            return {
                who: `${pair} and the security token from ${securityToken.source}`,
                parts,
                facts: ["temporary keys"],
            };
        }
        case "password": {
            const { userId, userName, password } = credentials;
            const user = userId === undefined ? `user name from ${userName?.source}` : `user id from ${userId.source}`;
            const domain = userId === undefined ? (credentials.domainId ?? credentials.domainName) : undefined;
            const account = domain === undefined ? "" : ` (domain from ${domain.source})`;
            const who = `the ${user}${account} with the password from ${password.source}`;
            return { who, parts: [userName, userId, password], facts: [] };
        }
    }
}

const inBrackets = (who: string, facts: readonly string[]) =>
    facts.length === 0 ? who : `${who} (${facts.join("; ")})`;

/** The credentials in words, with the setting that each part came from; never a value. */
export function describeCredentials(credentials: Credentials): string {
    const { who, facts } = factsOf(credentials);
    return inBrackets(who, facts);
}

/** The same for when they were refused: with what people overlook. */
export function describeRefused(credentials: Credentials): string {
    const { who, parts, facts } = factsOf(credentials);
    const hints: string[] = [];
    if (credentials.kind === "accessKey" && credentials.securityToken === undefined) {
        // Huawei Cloud's temporary keys begin so.
        const isTemporary = credentials.accessKey.value.startsWith("HST");
        hints.push(
            isTemporary
                ? `without the security token that this temporary key needs: set ${namesFor("securityToken")}`
                : "without a security token, which temporary keys need",
        );
    }
    // Only stack configuration is stored by an update and used again by refresh and destroy.
    if (parts.some((part) => part?.source.startsWith("cbr:")))
        hints.push("refresh and destroy use what the last update stored, unless run with --run-program");
    return inBrackets(who, [...facts, ...hints]);
}
