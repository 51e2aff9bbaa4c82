/**
 * Copies into the own region: the console refuses them; the API would, later (api-notes: Copies into the own region).
 */
import { OperationFailedError } from "../client/errors/errors";
import type { Failure } from "./resource";

const REASON = "is the source's own region; copies go to another one";

export function refuseSameRegion(inputs: {
    readonly region?: string | undefined;
    readonly destinationRegion?: string | undefined;
}): Failure[] {
    if (inputs.region === undefined || inputs.region !== inputs.destinationRegion) return [];
    return [{ property: "destinationRegion", reason: REASON }];
}

/** As `refuseSameRegion`, of a request that is about to be sent. */
export function requireOtherRegion(region: string, destinationRegion: string): void {
    if (region === destinationRegion) throw new OperationFailedError(`destinationRegion ${REASON}.`);
}
