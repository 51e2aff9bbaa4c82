/** Every setting that was found, with its source; secrets without their values. */
import { redact } from "../../provider/client/errors/redaction";
import { shownProxy, withoutUserInfo } from "../../provider/client/settings/proxies";
import type { Resolved, Settings } from "../../provider/client/settings/settings";

export interface SettingLine {
    readonly name: string;
    /** Absent for secrets. */
    readonly value?: string;
    readonly secret: boolean;
    readonly source: string;
}

export function settingLines(settings: Settings): SettingLine[] {
    const lines: SettingLine[] = [];
    const add = (name: string, found: Resolved<string | boolean> | undefined, secret = false) => {
        if (found === undefined) return;
        const { source } = found;
        lines.push(secret ? { name, secret, source } : { name, value: redact(String(found.value)), secret, source });
    };
    add("region", settings.region);
    add("projectId", settings.projectId);
    add("projectName", settings.projectName);
    add("project's domain id", settings.projectDomain?.id);
    add("project's domain name", settings.projectDomain?.name);
    add("cloud", settings.cloud);
    add("authUrl", settings.authUrl);
    add("domainName", settings.domainName);
    add("domainId", settings.domainId);
    const { credentials, agency } = settings;
    if (credentials?.kind === "token") add("token", credentials.token, true);
    if (credentials?.kind === "accessKey") {
        add("accessKey", credentials.accessKey);
        add("secretKey", credentials.secretKey, true);
        add("securityToken", credentials.securityToken, true);
    }
    if (credentials?.kind === "password") {
        add("userName", credentials.userName);
        add("userId", credentials.userId);
        add("password", credentials.password, true);
        add("passcode", credentials.passcode, true);
    }
    if (credentials?.kind === "webIdentity") {
        add("identityProvider", credentials.identityProvider);
        add("idToken", credentials.idToken, true);
        add("idTokenFile", credentials.idTokenFile);
    }
    if (credentials?.kind === "instance") add("instanceAgency", credentials.asked);
    add("agencyName", agency?.name);
    add("agencyDomainName", agency?.domainName);
    add("agencyDomainId", agency?.domainId);
    const withoutUser = (found: Resolved) => ({ ...found, value: withoutUserInfo(found.value) });
    for (const [region, found] of sorted(settings.endpoints)) add(`endpoint of ${region}`, withoutUser(found));
    for (const [region, found] of sorted(settings.iamEndpoints)) add(`IAM of ${region}`, withoutUser(found));
    const { interfaces } = settings;
    add("interface", interfaces && { ...interfaces, value: interfaces.value.join(", ") });
    add("caFile", settings.caFile);
    add("certFile", settings.certFile);
    add("keyFile", settings.keyFile);
    add("insecure", settings.insecure);
    for (const [name, proxy] of Object.entries({
        "http proxy": settings.proxies.http,
        "https proxy": settings.proxies.https,
    }))
        add(name, proxy && { ...proxy, value: shownProxy(proxy.value) });
    lines.push({
        name: "preflight",
        value: settings.preflight,
        secret: false,
        source: settings.preflight === "auto" ? "default" : "cbr:preflight",
    });
    return lines;
}

/** By region, whatever order the environment has. */
function sorted(addresses: Readonly<Record<string, Resolved>>): [region: string, address: Resolved][] {
    return Object.entries(addresses).sort(([a], [b]) => (a < b ? -1 : 1));
}
