/** The provider's process: started by `pulumi-resource-cbr`, whose last argument is the engine's address. */
import { hostGone, isEngineAlive } from "../engine";
import { serve } from "./server";

async function main(): Promise<void> {
    const { port, server } = await serve();
    // Pulumi: the first line is the port.
    process.stdout.write(`${port}\n`);
    // Pulumi: this process does not end with an engine that was killed.
    hostGone().addEventListener("abort", async () => {
        if (!(await isEngineAlive())) server.tryShutdown(() => process.exit());
    });
}

main().catch((error: unknown) => {
    process.stderr.write(`pulumi-resource-cbr: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
});
