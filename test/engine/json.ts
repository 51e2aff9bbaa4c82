import type { Crypter } from "./secrets";
import {
    type Bag,
    isBag,
    Secret,
    secretSignature,
    signature,
    Unknown,
    unknown,
    unknownText,
    type Value,
} from "./values";

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

/** How a secret is written: encrypted for storage, readable for an export that asks for it, masked for events. */
export type SecretForm = { form: "encrypted"; crypter: Crypter } | { form: "plain" } | { form: "masked" };

/** Encrypting takes a new nonce each time; this keeps a secret's text the same from write to write. */
const encrypted = new WeakMap<Secret, { crypter: Crypter; text: string }>();
/** Pulumi: marks a number that JSON cannot hold. */
const numberSignature = "8ad145fe-0d11-4827-bfd7-1abcbf086f5c";

function writeSecret(secret: Secret, secrets: SecretForm): JsonObject {
    if (secrets.form === "masked") {
        return { [signature]: secretSignature, ciphertext: "[secret]" };
    }
    const plaintext = () => JSON.stringify(writeValue(secret.value, { form: "plain" }));
    if (secrets.form === "plain") {
        return { [signature]: secretSignature, plaintext: plaintext() };
    }
    let known = encrypted.get(secret);
    if (known?.crypter !== secrets.crypter) {
        known = { crypter: secrets.crypter, text: secrets.crypter.encrypt(plaintext()) };
        encrypted.set(secret, known);
    }
    return { [signature]: secretSignature, ciphertext: known.text };
}

export function writeValue(value: Value, secrets: SecretForm): Json {
    if (value instanceof Secret) {
        return writeSecret(value, secrets);
    }
    if (value instanceof Unknown) {
        return unknownText;
    }
    if (Array.isArray(value)) {
        return value.map((item) => writeValue(item, secrets));
    }
    if (isBag(value)) {
        return writeBag(value, secrets);
    }
    return typeof value === "number" && !Number.isFinite(value)
        ? { [signature]: numberSignature, value: String(value) }
        : value;
}

export function writeBag(bag: Bag, secrets: SecretForm): JsonObject {
    const result: JsonObject = {};
    for (const key of Object.keys(bag).sort()) {
        result[key] = writeValue(bag[key] as Value, secrets);
    }
    return result;
}

export function readValue(json: Json, crypter: Crypter | undefined): Value {
    if (json === unknownText) {
        return unknown;
    }
    if (Array.isArray(json)) {
        return json.map((item) => readValue(item, crypter));
    }
    if (typeof json !== "object" || json === null) {
        return json;
    }
    if (json[signature] === secretSignature) {
        const plain = json["plaintext"];
        if (typeof plain === "string") {
            return new Secret(readValue(JSON.parse(plain) as Json, crypter));
        }
        if (crypter === undefined) {
            throw new Error("the state has secrets, but no secrets provider");
        }
        const text = String(json["ciphertext"]);
        const secret = new Secret(readValue(JSON.parse(crypter.decrypt(text)) as Json, crypter));
        encrypted.set(secret, { crypter, text });
        return secret;
    }
    if (json[signature] === numberSignature) {
        return Number(json["value"]);
    }
    return readBag(json, crypter);
}

export function readBag(json: Json | undefined, crypter: Crypter | undefined): Bag {
    const result: Bag = {};
    if (typeof json === "object" && json !== null && !Array.isArray(json)) {
        for (const key of Object.keys(json)) {
            result[key] = readValue(json[key] as Json, crypter);
        }
    }
    return result;
}
