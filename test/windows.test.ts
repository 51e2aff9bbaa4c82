// What is different on Windows, as far as it shows on another machine.
import { expect, it } from "vitest";
import { expandHome } from "../provider/client/settings/clouds-files";
import { startable } from "./support/packed";

it("finds the home directory behind either slash, and only there", () => {
    const files = { read: () => undefined, cwd: () => "C:\\work", home: () => "C:\\Users\\ann" };
    expect(expandHome("~\\clouds.yaml", files)).toBe("C:\\Users\\ann\\clouds.yaml");
    expect(expandHome("~/clouds.yaml", files)).toBe("C:\\Users\\ann/clouds.yaml");
    expect(expandHome("~", files)).toBe("C:\\Users\\ann");
    expect(expandHome("~ann\\clouds.yaml", files)).toBe("~ann\\clouds.yaml");
});

it("starts npm through the shell on Windows, with arguments that may have spaces, and nothing else", () => {
    expect(startable("npm", ["install", "C:\\my files\\x.tgz"], "win32")).toEqual({
        file: "npm.cmd",
        args: ['"install"', '"C:\\my files\\x.tgz"'],
        shell: true,
    });
    const node = { file: "node", args: ["--version"], shell: false };
    expect(startable("node", ["--version"], "win32")).toEqual(node);
    expect(startable("npm", ["--version"], "linux")).toEqual({ ...node, file: "npm" });
});
