import type { Keys } from "../contract/keys.ts";
import type { TradingMode } from "../contract/trading-mode.ts";
import type { Clock } from "../daemon/clock.ts";
import type { Environment } from "../daemon/environment.ts";
import type { Exchange } from "../exchange/exchange.ts";
import type { RedisConnection } from "../redis/connection.ts";

/** What a command works with. */
export interface Desk {
  readonly redis: RedisConnection;
  readonly keys: Keys;
  readonly mode: TradingMode;
  /** Not connected: a command that asks the venue connects first. */
  readonly exchange: () => Exchange;
  /** Who acts, for the audit trail. */
  readonly who: string;
  readonly instance: string;
  readonly haltFile: string;
  readonly clock: Clock;
  /** What the daemons of this machine are configured by; handed to a sibling binary. */
  readonly environment: Environment;
  /** Folder of the sibling binaries. */
  readonly binaries: string;
  /** Prints a line at once, for commands that follow something. */
  print(line: string): void;
  /** Aborts on SIGINT: commands that follow something end. */
  readonly signal: AbortSignal;
}
