/** Lets a request in or refuses it, as the API gateway does (cbr-api §5.3, §6). */

import { refuse } from "../api/reply";
import type { AccessKey, Accounts, Token } from "../iam/accounts";
import { isSigned, type SignedRequest, verifySignature } from "../iam/verify-signature";

/** Who sent a request: a token, or the key it was signed with. */
export type Caller = { readonly token: Token } | { readonly key: AccessKey };

/** Checks the signature, or the token, of any request. Refuses with 401. */
export function identify(accounts: Accounts, request: SignedRequest, nowMs: number): Caller {
    if (isSigned(request.headers)) return { key: signer(accounts, request, nowMs) };
    const value = request.headers["x-auth-token"];
    if (value === undefined || value === "") refuse("APIGW.0301", "x-auth-token not found");
    const token = accounts.token(value);
    if (token === "unknown") refuse("APIGW.0301", "decrypt token fail");
    if (token === "expired") refuse("APIGW.0301", "token expires");
    return { token };
}

/** Where a request goes, and what it is answered when that is not the caller's. */
export interface Destination {
    readonly region: string;
    readonly projectId: string;
    refuseProject(detail: string): never;
}

/**
 * Checks that the caller may work in a project of a region: 401 for another region's token; another project is refused.
 */
export function admit(accounts: Accounts, caller: Caller, request: SignedRequest, to: Destination): void {
    const { region, projectId } = to;
    if ("token" in caller) {
        const { project } = caller.token;
        if (project === undefined) refuse("APIGW.0302", "the token has no project scope");
        if (project.region !== region) refuse("APIGW.0307", `the token is for region ${project.region}`);
        if (project.id !== projectId) to.refuseProject("the project in the path is not the token's");
        return;
    }
    const named = request.headers["x-project-id"];
    if (named !== undefined && named !== projectId)
        to.refuseProject("the project in the path is not that of X-Project-Id");
    const project = accounts.projects.find((each) => each.id === projectId);
    if (project === undefined || project.region !== region || project.domainId !== caller.key.domainId)
        to.refuseProject("the project in the path is not one of this account in this region");
}

function signer(accounts: Accounts, request: SignedRequest, nowMs: number): AccessKey {
    let key: AccessKey | undefined;
    const verdict = verifySignature(
        request,
        (accessKey) => {
            if (accounts.isBlocked(accessKey))
                refuse("APIGW.0301", "the access key is blocked after too many failures");
            key = accounts.key(accessKey);
            return key?.secretKey;
        },
        nowMs,
    );
    if (!verdict.ok) {
        if (verdict.reason === "date") refuse("APIGW.0303", verdict.message);
        return fail(accounts, verdict.accessKey, verdict.message);
    }
    if (key === undefined) return fail(accounts, verdict.accessKey, "the access key is unknown");
    if (key.securityToken !== undefined && request.headers["x-security-token"] !== key.securityToken)
        return fail(accounts, key.accessKey, "the security token of the temporary key is missing or wrong");
    if (key.expiresMs <= nowMs) return fail(accounts, key.accessKey, "the temporary key has expired");
    accounts.countSuccess(key.accessKey);
    return key;
}

function fail(accounts: Accounts, accessKey: string | undefined, message: string): never {
    if (accessKey !== undefined) accounts.countFailure(accessKey);
    return refuse("APIGW.0301", message);
}
