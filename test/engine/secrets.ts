import { createCipheriv, createDecipheriv, pbkdf2, randomBytes } from "node:crypto";
import { promisify } from "node:util";

const pbkdf2Async = promisify(pbkdf2);
/** Pulumi: the number and the layout of the salt are those of its passphrase secrets provider, so that settings files are shared. */
const iterations = 1_000_000;
const checkText = "pulumi";
/** A key takes 0.3 s to derive, and one test uses it in dozens of commands. */
const derivedKeys = new Map<string, Promise<Buffer>>();

function deriveKey(passphrase: string, salt: Buffer): Promise<Buffer> {
    const name = `${salt.toString("base64")} ${passphrase}`;
    let key = derivedKeys.get(name);
    if (key === undefined) {
        key = pbkdf2Async(passphrase, salt, iterations, 32, "sha256");
        derivedKeys.set(name, key);
    }
    return key;
}

/** Encrypts and decrypts the values of one stack. */
export interface Crypter {
    /** What the settings file and the state say about the key. */
    readonly salt: string;
    encrypt(text: string): string;
    decrypt(text: string): string;
}

function crypterOf(key: Buffer, salt: string): Crypter {
    return {
        salt,
        encrypt(text) {
            const nonce = randomBytes(12);
            const cipher = createCipheriv("aes-256-gcm", key, nonce);
            const body = Buffer.concat([cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()]);
            return `v1:${nonce.toString("base64")}:${body.toString("base64")}`;
        },
        decrypt(text) {
            const [version, nonce, body] = text.split(":");
            if (version !== "v1" || nonce === undefined || body === undefined) {
                throw new Error("cannot decrypt a value: unknown format");
            }
            const bytes = Buffer.from(body, "base64");
            const decipher = createDecipheriv("aes-256-gcm", key, Buffer.from(nonce, "base64"));
            decipher.setAuthTag(bytes.subarray(bytes.length - 16));
            return decipher.update(bytes.subarray(0, bytes.length - 16), undefined, "utf8") + decipher.final("utf8");
        },
    };
}

function passphraseOf(env: NodeJS.ProcessEnv): string {
    const passphrase = env["PULUMI_CONFIG_PASSPHRASE"];
    if (passphrase === undefined) {
        throw new Error("passphrase must be set with PULUMI_CONFIG_PASSPHRASE");
    }
    return passphrase;
}

/** A new key for a new stack. */
export async function createCrypter(env: NodeJS.ProcessEnv): Promise<Crypter> {
    const salt = randomBytes(8);
    const key = await deriveKey(passphraseOf(env), salt);
    const check = crypterOf(key, "").encrypt(checkText);
    return crypterOf(key, `v1:${salt.toString("base64")}:${check}`);
}

/** The key of an existing stack; fails when the passphrase is another one. */
export async function openCrypter(saltText: string, env: NodeJS.ProcessEnv): Promise<Crypter> {
    const [version, salt, ...check] = saltText.split(":");
    if (version !== "v1" || salt === undefined) {
        throw new Error("malformed encryption salt");
    }
    const crypter = crypterOf(await deriveKey(passphraseOf(env), Buffer.from(salt, "base64")), saltText);
    try {
        if (crypter.decrypt(check.join(":")) === checkText) {
            return crypter;
        }
    } catch {
        // Wrong key: the authentication tag does not match.
    }
    throw new Error("incorrect passphrase");
}
