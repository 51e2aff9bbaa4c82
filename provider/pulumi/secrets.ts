/**
 * Secret inputs. Pulumi hands their values to the host in plain, and makes secret again what comes back under the same
 * name only: what repeats them elsewhere, such as the names of backups, is sealed here.
 */
import { registerGivenSecret } from "../client/errors/redaction";
import type { PropertyMap } from "./values";

/** Our note of the inputs that are secret: their names, separated by commas. Not there when none is. */
export const SECRET_KEY = "__secret";

/** Pulumi: the form of a secret value on the wire. */
const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";
export const sealed = (value: unknown) => ({ [SIGNATURE]: SECRET, value });

/** The value without its secrets' envelopes; `found` is called with what was in each. */
export function opened(value: unknown, found: (secret: unknown) => void = () => {}): unknown {
    if (Array.isArray(value)) return value.map((item) => opened(item, found));
    if (typeof value !== "object" || value === null) return value;
    if (Reflect.get(value, SIGNATURE) === SECRET) {
        const secret = opened(Reflect.get(value, "value"), found);
        found(secret);
        return secret;
    }
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, opened(item, found)]));
}

/** Shorter ones stand in other texts by chance. In characters. */
const CONTAINED_MIN = 6;

function secretKeys(bag: PropertyMap): string[] {
    const note = bag[SECRET_KEY];
    return typeof note === "string" && note !== "" ? note.split(",") : [];
}

function textsIn(value: unknown): string[] {
    if (typeof value === "string") return value === "" ? [] : [value, value.toLowerCase()];
    if (typeof value !== "object" || value === null) return [];
    return Object.values(value).flatMap(textsIn);
}

const secretTexts = (bag: PropertyMap) => [...new Set(secretKeys(bag).flatMap((key) => textsIn(bag[key])))];

/** Keeps the values of secret inputs out of every message, progress line and warning. */
export function registerSecretInputs(bag: PropertyMap): void {
    for (const text of secretTexts(bag)) registerGivenSecret(text);
}

/** The arguments of a function without their envelopes; the secret ones are kept out of messages. */
export const openedArguments = (args: PropertyMap): unknown =>
    opened(args, (secret) => textsIn(secret).forEach(registerGivenSecret));

/** `outputs`, in which every value that repeats a secret input is a secret, too. */
export function sealSecrets(outputs: PropertyMap, inputs: PropertyMap): PropertyMap {
    const texts = secretTexts(inputs);
    if (texts.length === 0) return outputs;
    const same = new Set(secretKeys(inputs));
    return Object.fromEntries(
        Object.entries(outputs).map(([key, value]) => [key, same.has(key) ? value : seal(value, texts)]),
    );
}

function seal(value: unknown, texts: readonly string[]): unknown {
    if (typeof value === "string") return repeats(value, texts) ? sealed(value) : value;
    if (typeof value !== "object" || value === null) return value;
    // Pulumi: after a refresh a list that holds a secret is one as a whole, and of a secret in a secret programs see
    // the mark.
    if (Array.isArray(value)) return value.some((item) => holds(item, texts)) ? sealed(value) : value;
    // A map that has one for a key can only be secret as a whole.
    if (Object.keys(value).some((key) => repeats(key, texts))) return sealed(value);
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, seal(item, texts)]));
}

function holds(value: unknown, texts: readonly string[]): boolean {
    if (typeof value === "string") return repeats(value, texts);
    if (typeof value !== "object" || value === null) return false;
    return Object.entries(value).some(([key, item]) => repeats(key, texts) || holds(item, texts));
}

/** Vendor: with several resources the service adds `-0001` and so on to the backups' names. */
const repeats = (text: string, secrets: readonly string[]) =>
    secrets.some(
        (one) => text === one || text.startsWith(`${one}-`) || (one.length >= CONTAINED_MIN && text.includes(one)),
    );
