import type { Keys } from "../contract/keys.ts";
import type { TradingMode } from "../contract/trading-mode.ts";
import type { Clock } from "../daemon/clock.ts";
import type { Environment } from "../daemon/environment.ts";
import type { ShownLimits } from "../daemon/settings-limits.ts";
import type { Exchange } from "../exchange/exchange.ts";
import type { RedisConnection } from "../redis/connection.ts";

/** What every command works with, also where nothing of ours is configured or runs. */
export interface Surroundings {
  readonly clock: Clock;
  /** What the daemons of this machine are configured by; handed to a sibling binary. */
  readonly environment: Environment;
  /** Folder of the sibling binaries. */
  readonly binaries: string;
  /** Who acts, for the audit trail. */
  readonly who: string;
  /** Aborts on SIGINT and SIGTERM: commands that follow something end. */
  readonly signal: AbortSignal;
  /** A line for people while it goes on: stderr under `--json`, whose stdout holds documents alone. */
  print(line: string): void;
  /** A piece of the answer as it comes: the line for people or, under `--json`, the document on a line of its own. */
  show(line: string, document: unknown): void;
  /** true with --yes; false, and said, where nobody can be asked. */
  confirm(question: string): Promise<boolean>;
}

/** What a command works with that looks at a running system. */
export interface CommandContext extends Surroundings {
  /** Ready, unless the command takes Redis as it finds it. */
  readonly redis: RedisConnection;
  readonly namespace: string;
  /** With the result stream that execution is configured to write. */
  readonly keys: Keys;
  readonly mode: TradingMode;
  /** Not connected: a command that asks the venue connects first. */
  readonly exchange: () => Exchange;
  /** What stream recovery is configured by, under the operator's own Redis user. */
  readonly recoveryEnvironment: Environment;
  readonly instance: string;
  readonly haltFile: string;
  readonly panicSocket: string;
  readonly limits: ShownLimits;
}
