import { GUARD_SCENARIOS } from "./rows-guard.ts";
import type { Scenario } from "./scenario.ts";

/** Every row of the table, in its order. */
export const SCENARIOS: readonly Scenario[] = [...GUARD_SCENARIOS].toSorted((a, b) => a.row - b.row);
