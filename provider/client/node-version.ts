/** The oldest release that the HTTP library runs on; package.json says so, too, but npm only warns. */
const OLDEST: readonly [major: number, minor: number] = [22, 19];

/** Why nothing can work on this Node.js, in one line; undefined when it can. */
export function nodeProblem(version: string): string | undefined {
    const [major = 0, minor = 0] = version.split(".").map(Number);
    const [oldest, oldestMinor] = OLDEST;
    if (major > oldest || (major === oldest && minor >= oldestMinor)) return undefined;
    const needed = `pulumi-cbr needs Node.js ${OLDEST.join(".")} or newer, and this is ${version}`;
    return `${needed}: Pulumi runs the first \`node\` on PATH.`;
}
