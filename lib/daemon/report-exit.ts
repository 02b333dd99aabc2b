import { writeSync } from "node:fs";
import { EXIT_CODES, type ExitCode } from "../contract/exit-codes.ts";
import { ROLES, type Role } from "../contract/roles.ts";
import { ConfigurationError, describeFault } from "./configuration-fault.ts";
import type { Logger } from "./logger.ts";
import { ProcessExit } from "./process-exit.ts";

/** Says why the process ends, and with which code: on stderr until there is a log. */
export function reportExit(role: Role, error: unknown, log: Logger | undefined): ExitCode {
  if (error instanceof ConfigurationError) {
    const { faults } = error;
    const head = `${ROLES[role].binary}: the configuration is wrong, nothing was started (${faults.length}):`;
    const lines = faults.map((fault) => `  ${describeFault(fault)}`);
    writeSync(2, `${[head, ...lines].join("\n")}\n`);
    return EXIT_CODES.configuration;
  }
  const code = error instanceof ProcessExit ? error.exitCode : EXIT_CODES.crash;
  if (log === undefined) writeSync(2, `${ROLES[role].binary}: ${String(error)}\n`);
  else log.fatal({ err: error, exitCode: code }, error instanceof Error ? error.message : String(error));
  return code;
}
