import type { OperatorCommand } from "./command.ts";
import {
  deadLetterDropCommand,
  deadLetterRetryCommand,
  deadLetterShowCommand,
  deadLettersCommand,
} from "./commands/dead-letters.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { drillCommand } from "./commands/drill.ts";
import { faultsCommand } from "./commands/faults.ts";
import { haltClearCommand, haltStatusCommand } from "./commands/halt.ts";
import { ledgerShowCommand } from "./commands/ledger.ts";
import { libraryLoadCommand } from "./commands/library.ts";
import { panicCommand } from "./commands/panic.ts";
import { proveGatesCommand } from "./commands/prove-gates.ts";
import { recoverCommand } from "./commands/recover.ts";
import { statusCommand } from "./commands/status.ts";
import {
  armCommand,
  killCommand,
  safeModeOffCommand,
  safeModeOnCommand,
  safeModeStatusCommand,
} from "./commands/switches.ts";
import { tailCommand } from "./commands/tail.ts";

/** Every command, in the order of the help. */
export const OPERATOR_COMMANDS: readonly OperatorCommand[] = [
  statusCommand,
  armCommand,
  killCommand,
  safeModeOnCommand,
  safeModeOffCommand,
  safeModeStatusCommand,
  faultsCommand,
  haltStatusCommand,
  haltClearCommand,
  panicCommand,
  drillCommand,
  recoverCommand,
  deadLettersCommand,
  deadLetterShowCommand,
  deadLetterRetryCommand,
  deadLetterDropCommand,
  ledgerShowCommand,
  libraryLoadCommand,
  proveGatesCommand,
  doctorCommand,
  tailCommand,
];
