/** URNs given on the command line, with `*` inside a part and `**` across parts as wildcards. */
export class Targets {
    readonly #literals = new Set<string>();
    readonly #patterns: RegExp[] = [];
    readonly given: string[];

    constructor(urns: string[]) {
        this.given = urns;
        for (const urn of urns) {
            if (urn.includes("*")) {
                this.#patterns.push(toPattern(urn));
            } else {
                this.#literals.add(urn);
            }
        }
    }

    /** Whether anything was given; otherwise everything is meant. */
    get isGiven(): boolean {
        return this.given.length > 0;
    }

    has(urn: string): boolean {
        return this.#literals.has(urn) || this.#patterns.some((pattern) => pattern.test(urn));
    }

    add(urn: string): void {
        this.#literals.add(urn);
    }

    /** Those literal URNs that none of the resources has. */
    missing(urns: Set<string>): string[] {
        return [...this.#literals].filter((urn) => !urns.has(urn));
    }
}

function toPattern(glob: string): RegExp {
    const text = glob
        .split(/(\*\*|\*)/)
        .map((part) => (part === "**" ? ".*" : part === "*" ? "[^:$]*" : part.replace(/[\\^$.|?+()[\]{}]/g, "\\$&")))
        .join("");
    return new RegExp(`^${text}$`);
}
