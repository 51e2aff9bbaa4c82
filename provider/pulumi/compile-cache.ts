/** Node's compile cache, where the user has switched it on (`NODE_COMPILE_CACHE`). */
import * as nodeModule from "node:module";

/** Node 20, which is told in one line that it is too old, has neither. */
const { flushCompileCache, getCompileCacheDir } = nodeModule as Partial<typeof nodeModule>;

let kept = 0;

/**
 * Writes what has been loaded since the last call to the cache. Node does that when a process ends by itself; Pulumi
 * kills the processes of providers. Without a cache it does nothing.
 */
export function keepCompiled(): void {
    if (getCompileCacheDir?.() === undefined) return;
    const loaded = Object.keys(require.cache).length;
    if (loaded === kept) return;
    kept = loaded;
    flushCompileCache?.();
}
