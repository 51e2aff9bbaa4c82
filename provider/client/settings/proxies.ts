/** The environment's proxies, and how one is shown without its user and password. */
import { registerSecret } from "../errors/redaction";
import type { Env, Resolved } from "./sources";

/** Proxies as the environment names them. */
export interface Proxies {
    /** For `http:` addresses; these are loopback ones only, which no proxy is used for. */
    readonly http?: Resolved | undefined;
    /** For `https:` addresses. */
    readonly https?: Resolved | undefined;
    /** Hosts that are reached directly, as in NO_PROXY. */
    readonly none?: string | undefined;
}

interface Parts {
    readonly scheme: string;
    /** What stands before the last `@`: a password may have `@`, `/` and `:` in it, encoded or not. */
    readonly userInfo: string | undefined;
    readonly address: string;
}

function partsOf(url: string): Parts {
    const [, scheme = "", rest = ""] = /^([a-z][a-z0-9+.-]*:\/\/)?([\s\S]*)$/i.exec(url) ?? [];
    const at = rest.lastIndexOf("@");
    return { scheme, userInfo: at < 0 ? undefined : rest.slice(0, at), address: rest.slice(at + 1) };
}

/** The address without user and password. */
export function withoutUserInfo(url: string): string {
    const { scheme, userInfo, address } = partsOf(url);
    return `${scheme}${userInfo === undefined ? "" : "[secret]@"}${address}`;
}

const HOST_AND_PORT = /^([\w.-]+|\[[\da-f:.]+\])?(:\d+)?\/?$/i;

/** A proxy's scheme, host and port: whatever else stands there may be a part of a password. */
export function shownProxy(proxy: string): string {
    const { scheme, address } = partsOf(proxy);
    return HOST_AND_PORT.test(address) ? withoutUserInfo(proxy) : `${scheme}[secret]`;
}

function registerUserInfo(proxy: string): void {
    const { userInfo } = partsOf(proxy);
    if (userInfo === undefined) return;
    const password = userInfo.slice(userInfo.indexOf(":") + 1);
    for (const part of [userInfo, password]) {
        registerSecret(part);
        try {
            registerSecret(decodeURIComponent(part));
        } catch {
            // Not percent-encoded, so already registered as it is.
        }
    }
}

export function proxiesOf(env: Env): Proxies {
    const first = (...names: string[]): Resolved | undefined => {
        for (const name of names) {
            const value = env[name]?.trim();
            if (value !== undefined && value !== "") return { value, source: `environment variable ${name}` };
        }
        return undefined;
    };
    const http = first("http_proxy", "HTTP_PROXY");
    const https = first("https_proxy", "HTTPS_PROXY");
    for (const proxy of [http, https]) if (proxy !== undefined) registerUserInfo(proxy.value);
    const none = first("no_proxy", "NO_PROXY")?.value;
    return {
        ...(http === undefined ? {} : { http }),
        ...(https === undefined ? {} : { https }),
        ...(none === undefined ? {} : { none }),
    };
}
