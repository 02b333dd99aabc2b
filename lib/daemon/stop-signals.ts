import type { Logger } from "./logger.ts";

interface StopOptions {
  readonly log: Logger;
  readonly drainTimeoutMs: number;
  /** The first signal came. */
  readonly onStop: () => void;
  /** A second signal, or a drain that took too long: the process ends at once. */
  readonly onForce: (why: string) => void;
}

/**
 * SIGTERM and SIGINT: the first aborts the returned signal and starts the drain, a second one and the
 * drain's time limit force the end. SIGHUP, by which an operator means "read your settings anew", ends nothing: it
 * would kill in the middle of an order, and systemd takes an end by it for a clean one, after which it neither starts
 * the emergency exit worker again nor alarms.
 */
export function listenForStop(options: StopOptions): AbortSignal {
  const stopping = new AbortController();
  const onSignal = (name: NodeJS.Signals) => {
    if (stopping.signal.aborted) return options.onForce(`a second signal (${name}) came while draining`);
    options.log.info({ signal: name }, "stopping: draining what is in flight");
    options.onStop();
    setTimeout(
      () => options.onForce(`the drain took longer than ${options.drainTimeoutMs} ms`),
      options.drainTimeoutMs,
    );
    stopping.abort();
  };
  process.on("SIGTERM", onSignal);
  process.on("SIGINT", onSignal);
  process.on("SIGHUP", () => options.log.warn({}, "SIGHUP changes nothing: settings are read at the start"));
  return stopping.signal;
}
