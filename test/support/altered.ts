import type { Context } from "../../provider/services/context";
import { Memory } from "../../provider/services/memory";

/** A context whose client passes every answer of the API through `change`: for clouds that answer as the simulator never does. */
export function altered(context: Context, change: (answer: unknown) => unknown): Context {
    const client = new Proxy(context.client, {
        get(target, key) {
            if (key === "call")
                return async (...args: Parameters<Context["client"]["call"]>) => change(await target.call(...args));
            const value: unknown = Reflect.get(target, key, target);
            return typeof value === "function" ? value.bind(target) : value;
        },
    });
    // What was read without the change does not count.
    return { ...context, client, memory: new Memory() };
}
