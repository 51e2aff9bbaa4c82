import { z } from "zod";
import { defineOperation } from "./operation";
import { wireNumber, wireVault } from "./wire";

/** Lists vaults ("Querying the Vault List"). */
export const listVaults = defineOperation({
    id: "ListVaults",
    method: "GET",
    path: "/vaults",
    response: z.object({ vaults: z.array(wireVault), count: wireNumber, limit: wireNumber, offset: wireNumber }),
});
