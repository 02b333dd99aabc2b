/** A log that keeps what it is told instead of printing it. */
export interface KeptLog {
  readonly lines: { readonly level: string; readonly message: string; readonly fields: object }[];
  trace(fields: object, message: string): void;
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  fatal(fields: object, message: string): void;
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
