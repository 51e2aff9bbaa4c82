/** URNs given on the command line, with `*` inside a part and `**` across parts as wildcards. */
export class Targets {
    readonly #literals: Set<string>;
    readonly #patterns: RegExp[];
    /** What is meant because it depends on something given. */
    readonly #added = new Set<string>();
    readonly isGiven: boolean;

    constructor(urns: string[]) {
        this.isGiven = urns.length > 0;
        this.#literals = new Set(urns.filter((urn) => !urn.includes("*")));
        this.#patterns = urns.filter((urn) => urn.includes("*")).map(toPattern);
    }

    /** Whether it was given by name. */
    named(urn: string): boolean {
        return this.#literals.has(urn) || this.#patterns.some((pattern) => pattern.test(urn));
    }

    /** Whether it was given, or added. */
    has(urn: string): boolean {
        return this.#added.has(urn) || this.named(urn);
    }

    add(urn: string): void {
        this.#added.add(urn);
    }

    /** URNs given in full that none of the resources has. */
    missing(hasUrn: (urn: string) => boolean): string[] {
        return [...this.#literals].filter((urn) => !hasUrn(urn));
    }
}

function toPattern(glob: string): RegExp {
    const text = glob
        .split(/(\*\*|\*)/)
        .map((part) => (part === "**" ? ".*" : part === "*" ? "[^:$]*" : part.replace(/[\\^$.|?+()[\]{}]/g, "\\$&")))
        .join("");
    return new RegExp(`^${text}$`);
}
