import { CIRCUMSTANTIAL } from "./planted/circumstantial.ts";
import { EMERGENCY } from "./planted/emergency.ts";
import type { Mutation } from "./planted/mutation.ts";
import { RECOVERY, TRADING } from "./planted/trading.ts";

/** Every planted bug, by name. */
export const MUTATIONS: ReadonlyMap<string, Mutation> = new Map(
  [...TRADING, ...RECOVERY, ...EMERGENCY, ...CIRCUMSTANTIAL].map((mutation) => [mutation.name, mutation]),
);
