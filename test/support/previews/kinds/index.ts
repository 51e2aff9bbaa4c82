/** All kinds of previews, in the order of `index.json`. */
import type { Kind } from "../kind";
import { cancelled } from "./cancelled";
import { changes } from "./changes";
import { commands } from "./commands";
import { copies } from "./copies";
import { deletion } from "./deletion";
import { failures } from "./failures";
import { flags } from "./flags";
import { get } from "./get";
import { hooks } from "./hooks";
import { native } from "./native";
import { policies } from "./policies";
import { renames } from "./renames";
import { replacement } from "./replacement";
import { state } from "./state";

export const kinds: readonly Kind[] = [
    ...changes,
    ...copies,
    ...renames,
    ...deletion,
    ...replacement,
    ...get,
    ...native,
    ...hooks,
    ...flags,
    ...state,
    ...commands,
    ...cancelled,
    ...policies,
    ...failures,
];
