import { EXECUTION_SCENARIOS } from "./rows-execution.ts";
import { GUARD_SCENARIOS } from "./rows-guard.ts";
import { OPERATOR_SCENARIOS } from "./rows-operator.ts";
import { OUTAGE_SCENARIOS } from "./rows-outage.ts";
import { STEADY_SCENARIOS } from "./rows-steady.ts";
import { VENUE_SCENARIOS } from "./rows-venue.ts";
import { WORKER_SCENARIOS } from "./rows-worker.ts";
import type { Scenario } from "./scenario.ts";

/** Every row of the table, in its order. */
export const SCENARIOS: readonly Scenario[] = [
  ...[GUARD_SCENARIOS, WORKER_SCENARIOS, VENUE_SCENARIOS, OPERATOR_SCENARIOS],
  ...[EXECUTION_SCENARIOS, OUTAGE_SCENARIOS, STEADY_SCENARIOS],
]
  .flat()
  .toSorted((a, b) => a.row - b.row);
