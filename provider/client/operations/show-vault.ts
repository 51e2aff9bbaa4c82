import { z } from "zod";
import { defineOperation } from "./operation";
import { wireVault } from "./wire";

/** Reads one vault ("Querying a Specified Vault"). 404 BackupService.6105 when there is none. */
export const showVault = defineOperation({
    id: "ShowVault",
    method: "GET",
    path: "/vaults/{vault_id}",
    response: z.object({ vault: wireVault }),
    notFound: "vault",
});
