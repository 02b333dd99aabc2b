import pino from "pino";

/** Fields first, then the sentence: `log.warn({ symbol }, "position without a plan")`. */
export interface Logger {
  trace(fields: object, message: string): void;
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  fatal(fields: object, message: string): void;
}

interface LoggerOptions {
  readonly role: string;
  readonly instance: string;
  readonly level: string;
  /** Default: stdout, written synchronously, so that a process that is killed has said everything it logged. */
  readonly destination?: pino.DestinationStream;
}

/** One JSON object a line: time (ISO), level (word), role, instance, msg, and the fields. */
export function createLogger(options: LoggerOptions): Logger {
  const { role, instance, level } = options;
  return pino(
    {
      level,
      base: { role, instance },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: pino.stdSerializers.errWithCause, cause: pino.stdSerializers.errWithCause },
    },
    options.destination ?? pino.destination({ fd: 1, sync: true }),
  );
}
