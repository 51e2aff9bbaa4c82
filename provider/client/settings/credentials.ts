/** Which credentials are used, when several places give some. Pure. */
import { registerSecret } from "../errors/redaction";
import { type Field, type Layer, namesFor, type OpenStackField, type Resolved } from "./sources";

/** What proves who calls. Every part says where it is from. */
export type Credentials =
    | TokenCredentials
    | AccessKeyCredentials
    | PasswordCredentials
    | WebIdentityCredentials
    | InstanceCredentials;

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

/**
 * An identity token of another issuer (OpenID Connect), for which IAM gives temporary keys. One of the two is there.
 */
export interface WebIdentityCredentials {
    readonly kind: "webIdentity";
    /** Name of the identity provider in IAM. */
    readonly identityProvider: Resolved;
    readonly idToken?: Resolved | undefined;
    /** File that has the token; read anew for each exchange. */
    readonly idTokenFile?: Resolved | undefined;
}

/** The agency of the server that this runs on: temporary keys from its metadata service. */
export interface InstanceCredentials {
    readonly kind: "instance";
    /** What asks for it: `true`, or the address of a simulator on this machine. */
    readonly asked: Resolved;
}

/** What may be shown nowhere, and is encrypted in stack configuration. */
export const SECRET_FIELDS = ["token", "secretKey", "securityToken", "password", "passcode", "idToken"] as const;

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

/** An identity provider and a token for it, from the same place if that has one. */
function webIdentity(layers: readonly Layer[], incomplete: IncompleteCredential[]): Candidate | undefined {
    const at = firstWith(layers, "identityProvider");
    const layer = layers[at];
    const identityProvider = layer?.get("identityProvider");
    if (identityProvider === undefined) {
        const rank = firstWith(layers, "idToken", "idTokenFile");
        const token = layers[rank]?.get("idToken") ?? layers[rank]?.get("idTokenFile");
        if (token !== undefined)
            incomplete.push({
                rank,
                text:
                    `there is an identity token (${token.source}), but no identity provider: set ` +
                    `${namesFor("identityProvider")}`,
            });
        return undefined;
    }
    const ways = (["idToken", "idTokenFile"] as const).map((field) => ({
        field,
        found: otherHalf(layers, at, "identityProvider", field),
    }));
    const own = ways.find(({ found }) => found?.rank === at) ?? ways.find(({ found }) => found !== undefined);
    if (own?.found === undefined) {
        const names = `${namesFor("idTokenFile")}, or ${namesFor("idToken")}`;
        incomplete.push({
            rank: at,
            text: `there is an identity provider (${identityProvider.source}), but no identity token: set ${names}`,
        });
        return undefined;
    }
    return {
        rank: Math.min(at, own.found.rank),
        layer,
        credentials: { kind: "webIdentity", identityProvider, [own.field]: own.found.value },
    };
}

/**
 * The server's own agency is taken on only where somebody asked for it: nothing is sent to look whether there is one.
 */
function ofInstance(layers: readonly Layer[]): Candidate | undefined {
    const isAsked = (value: string | undefined) => value !== undefined && !/^(false|0|no|off|f)$/i.test(value);
    const rank = layers.findIndex((one) => isAsked(one.get("instanceAgency")?.value));
    const asked = layers[rank]?.get("instanceAgency");
    return asked === undefined ? undefined : { rank, layer: layers[rank], credentials: { kind: "instance", asked } };
}

/**
 * Among the credentials that are complete, those of the highest layer; of one layer token before identity token before
 * access key before password before the server's agency. A half may be completed from another layer (the access key in
 * stack configuration, its secret in the environment), and then counts for the higher of the two; but a layer that has
 * both halves keeps them together.
 */
export function chooseCredentials(layers: readonly Layer[]): CredentialChoice {
    const incomplete: IncompleteCredential[] = [];
    const found = [
        givenToken(layers),
        webIdentity(layers, incomplete),
        accessKeyPair(layers, incomplete),
        userAndPassword(layers, incomplete),
        ofInstance(layers),
    ].filter((candidate) => candidate !== undefined);
    const isFirst = ({ layer, credentials }: Candidate) => layer?.firstWay === credentials.kind;
    // Stable: of equal ranks the layer's own first way comes first, then in this order.
    const [best] = found.sort((a, b) => a.rank - b.rank || Number(isFirst(b)) - Number(isFirst(a)));
    return {
        credentials: best?.credentials,
        rank: best?.rank ?? Number.POSITIVE_INFINITY,
        layer: best?.layer,
        incomplete,
    };
}
