/** A kind of preview: what is deployed, what is previewed then, and how. */
import type * as pulumi from "@pulumi/pulumi";
import type * as cbr from "../../../sdk/index";
import type { Simulator } from "../../../sdk/testing/index";

/** Vaults and servers of the simulated cloud, the same in each recording. */
export const given = {
    vaultId: "5eed0000-0000-4000-8000-000000000001",
    copiesVaultId: "5eed0000-0000-4000-8000-000000000002",
    hybridVaultId: "5eed0000-0000-4000-8000-000000000003",
    archiveVaultId: "5eed0000-0000-4000-8000-000000000004",
    web: "5eed0000-0000-4000-8000-000000000101",
    db: "5eed0000-0000-4000-8000-000000000102",
};

/** What a program gets: the packages, the ids, and a resource of another provider that keeps what it is given. */
export interface Given extends Readonly<typeof given> {
    readonly cbr: typeof cbr;
    readonly pulumi: typeof pulumi;
    readonly config: pulumi.Config;
    /** A server of another provider: `flavor` is changed in place, `image` replaces. */
    readonly Server: new (
        name: string,
        args: { flavor?: pulumi.Input<string>; image?: pulumi.Input<string>; boot?: pulumi.Input<string> },
        options?: pulumi.CustomResourceOptions,
    ) => pulumi.CustomResource;
}

/** Its text becomes `index.js`, so it uses nothing but its argument. */
export type Program = (given: Given) => unknown;
export type Cloud = Simulator<"eu-de" | "eu-nl" | "eu-ch2">;

/** One command on the way to the preview. */
export type Step =
    /** `up` with this program. */
    | {
          readonly up: Program;
          readonly flags?: readonly string[];
          readonly fails?: true;
          /** Sent once the program has written `ready`. */
          readonly signal?: NodeJS.Signals;
      }
    /** Another command of the CLI. */
    | { readonly pulumi: readonly string[]; readonly fails?: true }
    /** A key of the stack configuration. */
    | { readonly set: string; readonly to: string; readonly secret?: true }
    /** Something happens in the cloud. */
    | { readonly cloud: (cloud: Cloud) => void };

export interface Kind {
    readonly name: string;
    /** What it shows, as one sentence without its full stop. */
    readonly what: string;
    /** The program's classes are those of `pulumi-cbr/native`. */
    readonly native?: boolean;
    /** Puts something into the cloud first; what it returns becomes stack configuration. */
    readonly seed?: (cloud: Cloud) => Readonly<Record<string, string>>;
    readonly before?: readonly Step[];
    /** The previewed program; default: the last one of `before`. */
    readonly program?: Program;
    /** Default: `preview --json --non-interactive`. */
    readonly command?: readonly string[];
    readonly flags?: readonly string[];
    readonly env?: Readonly<Record<string, string>>;
    /** Files beside the program, e.g. a policy pack. */
    readonly files?: Readonly<Record<string, string>>;
    /** Sent to the CLI once the program has written `ready` beside itself. */
    readonly signal?: NodeJS.Signals;
    /** Standard error goes into the same file, as with `2>&1`. */
    readonly withStderr?: true;
    /** `up` with the same flags after it, to see what really happens. Default: for a preview that ends with 0. */
    readonly after?: readonly string[] | "nothing";
    /** Exit code of the recorded command; default 0. */
    readonly exit?: number;
    /** How long a backup takes, in milliseconds; default 20. */
    readonly backupMs?: number;
}
