// The provider host looks for `pulumi-cbr` in node_modules, from the program's folder upwards, as it would for any user.
// This link lets programs inside the clone (examples, tests) find the clone's own build there.
import { existsSync, symlinkSync } from "node:fs";
import { fileURLToPath } from "node:url";

const link = fileURLToPath(new URL("../node_modules/pulumi-cbr", import.meta.url));
if (!existsSync(link)) symlinkSync(fileURLToPath(new URL("..", import.meta.url)), link, "junction");
