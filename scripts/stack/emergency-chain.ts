import { join } from "node:path";
import { ROLES } from "../../lib/contract/roles.ts";
import { abortable } from "./abortable.ts";
import { type Daemon, daemonOf } from "./daemon.ts";
import { freePort, type TradingStack } from "./trading-stack.ts";

/** Everyone who ends positions, in the order of their start: who closes is there before who calls for it. */
export const CHAIN_ROLES = ["emergency-exit-worker", "exit-brain", "exit-brain-watchdog"] as const;
type ChainRole = (typeof CHAIN_ROLES)[number];

export interface EmergencyChain {
  readonly daemons: Readonly<Record<ChainRole, Daemon>>;
  /** Ends every process it started. */
  stop(): Promise<void>;
}

/** Joins the emergency chain to a running trading stack and waits until each of it is ready. */
export async function startEmergencyChain(
  stack: TradingStack,
  options: {
    readonly binaries: string;
    readonly onStarted?: (name: string) => void;
    /** Aborted: what has been started is stopped, and the start throws its reason. */
    readonly signal?: AbortSignal;
  },
): Promise<EmergencyChain> {
  const brainPort = freePort();
  const env = {
    ...stack.environment,
    PANIC_SOCKET: join(stack.folder, "panic.sock"),
  };
  const { folder } = stack;
  const { binaries } = options;
  const daemon = (role: ChainRole, port: number, more: Readonly<Record<string, string>> = {}) =>
    daemonOf({ role, port, folder, binaries, env: { ...env, ...more } });
  const daemons = {
    "emergency-exit-worker": daemon("emergency-exit-worker", freePort()),
    "exit-brain": daemon("exit-brain", brainPort),
    "exit-brain-watchdog": daemon("exit-brain-watchdog", freePort(), {
      EXIT_BRAIN_URL: `http://127.0.0.1:${brainPort}`,
    }),
  };
  const stop = async () => {
    // The watchdog first: it would take the end of the others for a failure.
    for (const role of CHAIN_ROLES.toReversed()) await daemons[role].stop();
  };
  try {
    for (const role of CHAIN_ROLES) {
      await abortable(daemons[role].start(), options.signal);
      options.onStarted?.(ROLES[role].binary);
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return { daemons, stop };
}
