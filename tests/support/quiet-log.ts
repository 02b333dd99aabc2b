import type { Logger } from "../../lib/daemon/logger.ts";

/** A log that keeps what it is told instead of printing it. */
export interface KeptLog extends Logger {
  readonly lines: { readonly level: string; readonly message: string; readonly fields: object }[];
}

/** Empty. */
export function keptLog(): KeptLog {
  const lines: KeptLog["lines"] = [];
  const keep = (level: string) => (fields: object, message: string) => {
    lines.push({ level, message, fields });
  };
  return {
    lines,
    trace: keep("trace"),
    debug: keep("debug"),
    info: keep("info"),
    warn: keep("warn"),
    error: keep("error"),
    fatal: keep("fatal"),
  };
}
