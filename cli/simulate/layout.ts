/** What the simulator holds when nobody says otherwise. */
import type { SeedFile } from "./seed-file";

/** The same in every run, so that programs and notes stay right. */
const seededId = (number: number): string => `5eed0000-0000-4000-8000-${String(number).padStart(12, "0")}`;

/**
 * A server vault in each region, more of them in the first if wanted, a vault for copies in each but the first, and a
 * hybrid one.
 */
export function defaultLayout(regions: readonly string[], vaults: number, hybrid: boolean): SeedFile {
    const [first = "", ...others] = regions;
    const more = Array.from({ length: vaults - 1 }, (_, at) => at + 2).map((number) => ({
        id: seededId(1_000 + number),
        name: `production-${number}`,
        sizeGb: 1_000,
        resources: [
            { id: seededId(10_000 + 10 * number), name: `web-${number}`, sizeGb: 40 },
            { id: seededId(10_001 + 10 * number), name: `db-${number}`, sizeGb: 100, disks: 2 },
        ],
    }));
    const production = {
        id: seededId(1),
        name: "production",
        sizeGb: 1_000,
        resources: [
            { id: seededId(101), name: "web-1", sizeGb: 40 },
            { id: seededId(102), name: "db-1", sizeGb: 100, disks: 2 },
        ],
    };
    const onPremises = {
        id: seededId(99),
        name: "on-premises",
        protectType: "hybrid" as const,
        sizeGb: 1_000,
        onPremises: 3,
    };
    return {
        regions: {
            [first]: { vaults: [production, ...more, ...(hybrid ? [onPremises] : [])] },
            ...Object.fromEntries(
                others.map((region, index) => [
                    region,
                    {
                        vaults: [
                            {
                                id: seededId(index + 2),
                                name: "disaster-recovery",
                                protectType: "replication" as const,
                                sizeGb: 1_000,
                            },
                            {
                                id: seededId(index + 51),
                                name: "production",
                                sizeGb: 1_000,
                                resources: [{ id: seededId(index + 201), name: "web-1", sizeGb: 40 }],
                            },
                        ],
                    },
                ]),
            ),
        },
    };
}
