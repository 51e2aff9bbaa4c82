import { runCommand } from "./command";

/** The command line of the local engine; `pulumi.cjs` beside it starts it from the sources. */
async function main(): Promise<void> {
    const controller = new AbortController();
    let interrupts = 0;
    const onInterrupt = () => {
        interrupts++;
        if (interrupts === 1) {
            process.stderr.write(
                "Ctrl-C (interrupt) received; waiting for running operations. Press it again to end at once.\n",
            );
            controller.abort();
        } else {
            // Pulumi: 8 is "cancelled". What was under way stays in the state as a pending operation.
            process.exit(8);
        }
    };
    process.on("SIGINT", onInterrupt);
    process.on("SIGTERM", onInterrupt);
    process.exitCode = await runCommand(process.argv.slice(2), {
        cwd: process.cwd(),
        env: process.env,
        backendFolder: undefined,
        print: (text) => process.stdout.write(text),
        printError: (text) => process.stderr.write(text),
        signal: controller.signal,
    });
    process.removeListener("SIGINT", onInterrupt);
    process.removeListener("SIGTERM", onInterrupt);
}

void main();
