/** The case that is compared with the Terraform provider: 200 checkpoints, each of a vault of its own, 10 and 50 in parallel. */
import { type DeploymentFigures, measureDeployment } from "./deployments";

const COUNT = 200;

export const peerCases = [
    { parallel: 10, backupMs: 200 },
    { parallel: 50, backupMs: 200 },
    { parallel: 10, backupMs: 5_000 },
    { parallel: 50, backupMs: 5_000 },
] as const;

export interface PeerResult {
    readonly name: string;
    /** Seconds of `apply`, in the order of `peerCases`; undefined: not measured. */
    readonly seconds: readonly (number | undefined)[];
}

/**
 * OpenTofu with terraform-provider-huaweicloud, on two cores, against the same simulator: as released, whose fixed
 * sleeps are all that is seen, and with its sleeps taken out. Requests a resource: 6 apply, 3 refresh, 7 destroy;
 * memory 312 to 370 MB.
 */
export const peers: readonly PeerResult[] = [
    { name: "OpenTofu, huaweicloud as released", seconds: [1_215, 246, undefined, undefined] },
    { name: "OpenTofu, huaweicloud without its sleeps", seconds: [7.6, 4.4, 129, 29] },
];

export async function measurePeerCases(
    rounds: number,
    count: number | undefined,
    say: (text: string) => void,
): Promise<DeploymentFigures[]> {
    const all: DeploymentFigures[] = [];
    for (const { parallel, backupMs } of peerCases) {
        all.push(
            await measureDeployment({
                count: count ?? COUNT,
                perVault: 1,
                backupMs,
                policy: "delete",
                parallel,
                rounds: backupMs > 1_000 ? 1 : rounds,
                operations: ["up", "refresh", "destroy"],
                say,
            }),
        );
    }
    return all;
}
