/** Which vaults the simulated cloud has, and which restore point is taken of what. */
export interface Vault {
    readonly id: string;
    readonly servers: readonly string[];
}

/** Inputs of one checkpoint. */
export interface Entry {
    readonly vaultId: string;
    readonly resources: readonly string[];
}

function uuid(kind: number, index: number): string {
    return `${kind.toString(16).padStart(8, "0")}-0000-4000-8000-${index.toString(16).padStart(12, "0")}`;
}

/** One server a checkpoint; `perVault` of them share a vault. */
export function layoutOf(count: number, perVault: number): { vaults: Vault[]; entries: Entry[] } {
    const vaults: { id: string; servers: string[] }[] = [];
    const entries: Entry[] = [];
    for (let index = 0; index < count; index++) {
        if (index % perVault === 0) vaults.push({ id: uuid(1, vaults.length), servers: [] });
        const vault = vaults.at(-1);
        if (vault === undefined) continue;
        const server = uuid(2, index);
        vault.servers.push(server);
        entries.push({ vaultId: vault.id, resources: [server] });
    }
    return { vaults, entries };
}
