/** `pulumi-cbr restore`: overwrites a server or a disk with a backup. The one command that destroys data on purpose. */
import { parseArgs } from "node:util";
import { type Command, durationOf, UsageError } from "../command";
import { openSession, sourceOptions, sourceUsage } from "../inventory/session";
import { restoreInSession } from "./flow";
import { checkedId, type RestoreOptions } from "./request";

const DEFAULT_TIMEOUT = "6h";

export const restore: Command = {
    usage: `Usage: pulumi-cbr restore BACKUP [options]

Overwrites a server, a disk or a desktop with a backup, by its id: shows what will be lost, asks for the name of what is
overwritten, begins it exactly once and waits for its end. Never done by \`pulumi up\`. What is overwritten cannot be
brought back: where the present state may still be of use, take a restore point first.

Options:
  --server ID           overwrite this server (default: the one that the backup was taken of)
  --map DISK=VOLUME_ID  restore this disk of the backup (disk backup id, disk id or name) to that disk; may be given
                        several times (default: the disks it was taken of; for another server each has to be mapped)
  --leave-out DISK      do not restore this disk; may be given several times
  --volume ID           overwrite this disk with the backup of a disk (default: the one that it was taken of)
  --resource ID         overwrite this desktop (default: the one that the backup was taken of)
  --no-power-on         leave the server off afterwards
  --dry-run             check and show what would be overwritten, and send nothing
  --yes                 do not ask: for scripts
  --timeout TIME        how long to wait for the end (default ${
      DEFAULT_TIMEOUT
  }); the restoration itself cannot be stopped
  --json                the result as data
${sourceUsage}
  --help, --version

Exit code: 0 restored (--dry-run: nothing stands against it); 1 not, or its end is not known; 2 wrong usage.
`,
    async run(args, io) {
        const { values, positionals } = parseArgs({
            args: [...args],
            allowPositionals: true,
            allowNegative: true,
            options: {
                ...sourceOptions,
                server: { type: "string" },
                volume: { type: "string" },
                resource: { type: "string" },
                map: { type: "string", multiple: true },
                "leave-out": { type: "string", multiple: true },
                "power-on": { type: "boolean", default: true },
                "dry-run": { type: "boolean", default: false },
                yes: { type: "boolean", default: false },
                timeout: { type: "string", default: DEFAULT_TIMEOUT },
                json: { type: "boolean", default: false },
            },
        });
        const [id, ...others] = positionals;
        if (id === undefined || others.length > 0) throw new UsageError("takes one BACKUP, the id of a backup");
        const backupId = checkedId("BACKUP", id);
        const timeoutMs = durationOf("timeout", values.timeout);
        const isDryRun = values["dry-run"];
        if (!values.yes && !io.isInteractive && !isDryRun)
            throw new UsageError("--yes is needed where no terminal can answer");
        const options: RestoreOptions = {
            server: values.server,
            volume: values.volume,
            resource: values.resource,
            map: values.map ?? [],
            leaveOut: values["leave-out"] ?? [],
            powerOn: values["power-on"],
        };
        const session = await openSession(values, io);
        try {
            return await restoreInSession({
                session,
                io,
                backupId,
                options,
                timeoutMs,
                isDryRun,
                isYes: values.yes,
                isJson: values.json,
            });
        } finally {
            await session.close();
        }
    },
};
