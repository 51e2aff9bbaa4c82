/** One HTTP exchange, as the chain in client.ts sees it. */
export interface HttpRequest {
    readonly method: string;
    /** Absolute, with query. */
    readonly url: string;
    /** Lower-case names. */
    readonly headers: Readonly<Record<string, string>>;
    readonly body?: string;
    /** Milliseconds for the whole exchange. Default 60 s. */
    readonly timeoutMs?: number;
    readonly signal?: AbortSignal;
}

export interface HttpResponse {
    readonly status: number;
    /** Lower-case names; several values joined by ", ". */
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string;
}

/**
 * Sends one request once. Throws `TransportError`, with `sent` saying whether the request can have reached the other
 * side.
 */
export interface Transport {
    send(request: HttpRequest): Promise<HttpResponse>;
    close(): Promise<void>;
}
