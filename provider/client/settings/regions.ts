/**
 * The regions of the three clouds. Which cloud a region's name means decides where credentials go: a typing mistake
 * must not send them to another cloud.
 */

/**
 * `custom`: an IAM we do not know; its CBR addresses come from `cbr:endpoints`, a domain in `cbr:cloud`, or a token's
 * catalog.
 */
export type CloudFamily = "huaweicloud" | "otc" | "flexibleengine" | "custom";

export type KnownFamily = Exclude<CloudFamily, "custom">;

export const FAMILY_NAMES: Readonly<Record<KnownFamily, string>> = {
    huaweicloud: "Huawei Cloud",
    otc: "Open Telekom Cloud",
    flexibleengine: "FlexibleEngine",
};

/** Huawei Cloud's are those of huaweicloud-sdk-go-v3 0.1.207, over all services. */
const REGIONS: Readonly<Record<KnownFamily, ReadonlySet<string>>> = {
    huaweicloud: new Set([
        ...["ae-ad-1", "af-north-1", "af-south-1", "ap-southeast-1", "ap-southeast-2", "ap-southeast-3"],
        ...["ap-southeast-4", "ap-southeast-5", "cn-east-2", "cn-east-3", "cn-east-4", "cn-east-5", "cn-north-1"],
        ...["cn-north-2", "cn-north-4", "cn-north-9", "cn-north-11", "cn-north-12", "cn-south-1", "cn-south-2"],
        ...["cn-south-4", "cn-southwest-2", "cn-southwest-3", "eu-west-101", "la-north-2", "la-south-2"],
        ...["me-east-1", "my-kualalumpur-1", "na-mexico-1", "ru-moscow-1", "ru-northwest-2", "sa-brazil-1"],
        ...["sa-peru-1", "tr-west-1"],
    ]),
    otc: new Set(["eu-de", "eu-nl", "eu-ch2"]),
    flexibleengine: new Set(["eu-west-0"]),
};

const FAMILIES = Object.keys(REGIONS) as KnownFamily[];

/** The region to take when a cloud is named that has only this one. */
export const ONLY_REGION: Readonly<Record<string, string>> = { flexibleengine: "eu-west-0" };

/** The cloud that has this region, or undefined when no table has it. */
export function cloudOfRegion(region: string): KnownFamily | undefined {
    return FAMILIES.find((family) => REGIONS[family].has(region));
}

/** Letters to insert, delete, exchange or swap with their neighbour to make one text of the other. */
export function editDistance(a: string, b: string): number {
    const rows = [Array.from({ length: b.length + 1 }, (_, index) => index)];
    const at = (i: number, j: number) => rows[i]?.[j] ?? 0;
    for (let i = 1; i <= a.length; i++) {
        const row = [i];
        rows.push(row);
        for (let j = 1; j <= b.length; j++) {
            const isSame = a[i - 1] === b[j - 1];
            const isSwapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
            row[j] = Math.min(
                at(i, j - 1) + 1,
                at(i - 1, j) + 1,
                at(i - 1, j - 1) + (isSame ? 0 : 1),
                ...(isSwapped ? [at(i - 2, j - 2) + 1] : []),
            );
        }
    }
    return at(a.length, b.length);
}

/** The region that was probably meant: at most two letters differ. Undefined when none is that near. */
export function similarRegion(region: string, families: readonly KnownFamily[] = FAMILIES): string | undefined {
    const wanted = region.toLowerCase().replaceAll("_", "-");
    const near = families
        .flatMap((family) => [...REGIONS[family]])
        .map((name) => ({ name, distance: editDistance(wanted, name) }))
        .filter(({ distance }) => distance <= 2)
        .sort((a, b) => a.distance - b.distance);
    return near[0]?.name;
}
