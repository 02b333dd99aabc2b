import type { Environment } from "./environment.ts";
import { openNotifySocket, type SendDatagram } from "./notify-socket.ts";

/**
 * What the process tells its service manager.
 *
 * 1. WATCHDOG=1 is sent from `beat` alone, which only a loop that made progress calls; never from a timer.
 * 2. READY=1 and STOPPING=1 are sent once each.
 * 3. Without NOTIFY_SOCKET nothing is loaded and nothing is sent.
 */
export interface ServiceNotifier {
  ready(status: string): void;
  status(text: string): void;
  stopping(): void;
  beat(): void;
}

export interface NotifierOptions {
  readonly environment: Environment;
  readonly pid: number;
  readonly monotonicMs: () => number;
  /** Told once per kind of failure: a manager that does not listen must not fill the log. */
  readonly onFailure: (message: string, errno: number) => void;
}

/** Throws when NOTIFY_SOCKET is set and unusable. */
export async function createServiceNotifier(options: NotifierOptions): Promise<ServiceNotifier> {
  const address = options.environment["NOTIFY_SOCKET"];
  if (address === undefined || address === "") return SILENT;
  const send = await openNotifySocket(address);
  return notifierOver(reporting(send, options.onFailure), options);
}

const SILENT: ServiceNotifier = {
  ready: () => undefined,
  status: () => undefined,
  stopping: () => undefined,
  beat: () => undefined,
};

function notifierOver(send: (message: string) => void, options: NotifierOptions): ServiceNotifier {
  const watchdogMs = watchdogBudgetMs(options.environment, options.pid);
  // A loop may beat a thousand times a second; systemd needs two pings a budget. An eighth leaves room
  // for a slow cycle after a ping that was skipped.
  const everyMs = watchdogMs === undefined ? undefined : watchdogMs / 8;
  let lastPing = Number.NEGATIVE_INFINITY;
  let lastStatus = "";
  let isReady = false;
  let isStopping = false;
  return {
    ready(status) {
      if (isReady) return;
      isReady = true;
      lastStatus = status;
      send(`READY=1\nSTATUS=${oneLine(status)}`);
    },
    status(text) {
      if (text === lastStatus) return;
      lastStatus = text;
      send(`STATUS=${oneLine(text)}`);
    },
    stopping() {
      if (isStopping) return;
      isStopping = true;
      send("STOPPING=1");
    },
    beat() {
      if (everyMs === undefined) return;
      const now = options.monotonicMs();
      if (now - lastPing < everyMs) return;
      lastPing = now;
      send("WATCHDOG=1");
    },
  };
}

/** Undefined: no watchdog, or one that is meant for another process. */
function watchdogBudgetMs(environment: Environment, pid: number): number | undefined {
  const forPid = environment["WATCHDOG_PID"];
  if (forPid !== undefined && forPid !== "" && forPid !== String(pid)) return undefined;
  const usec = environment["WATCHDOG_USEC"] ?? "";
  return /^[1-9]\d{0,15}$/.test(usec) ? Number(usec) / 1000 : undefined;
}

function reporting(send: SendDatagram, onFailure: NotifierOptions["onFailure"]): (message: string) => void {
  const reported = new Set<number>();
  return (message) => {
    const errno = send(message);
    if (errno === 0 || reported.has(errno)) return;
    reported.add(errno);
    onFailure(message, errno);
  };
}

const oneLine = (text: string): string => text.replaceAll(/[\r\n]+/g, " ").slice(0, 200);
