/**
 * One Redis, one mode, one account: whoever comes first records both, everyone later compares.
 *
 * 1. Every connection is compared before anything else is asked of it, once the account is known: a Redis that
 *    was emptied is marked again at once, and one that belongs to another account is never worked on.
 * 2. What is recorded is never overwritten here; a difference ends the process with 78.
 */
import { EXIT_CODES } from "../contract/exit-codes.ts";
import type { Keys } from "../contract/keys.ts";
import { ProcessExit } from "../daemon/process-exit.ts";
import type { Exchange } from "../exchange/exchange.ts";
import type { FunctionCaller } from "../kernel/function-call.ts";
import { claimMode } from "../kernel/switches.ts";

export class ModeClaim {
  readonly #keys: Keys;
  readonly #exchange: Pick<Exchange, "mode" | "account">;
  #mismatch: ProcessExit | undefined;

  constructor(parts: { readonly exchange: Pick<Exchange, "mode" | "account">; readonly keys: Keys }) {
    this.#keys = parts.keys;
    this.#exchange = parts.exchange;
  }

  /** Records or compares mode and account. Throws ProcessExit 78, and what the call throws. */
  async claim(caller: FunctionCaller, account: string): Promise<void> {
    const { mode } = this.#exchange;
    const claim = await claimMode(caller, this.#keys, { mode, account, record: true });
    if (claim.kind !== "differs") return;
    this.#mismatch = this.#mismatchOf(claim, account);
    throw this.#mismatch;
  }

  /** For a new connection: before the first contact with the venue there is nothing to compare yet. */
  async claimOn(connection: FunctionCaller): Promise<void> {
    const account = this.#exchange.account()?.fingerprint;
    if (account !== undefined) await this.claim(connection, account);
  }

  /** Throws what a new connection found: there the connection itself only keeps from getting ready. */
  check(): void {
    if (this.#mismatch !== undefined) throw this.#mismatch;
  }

  #mismatchOf(recorded: { readonly mode: string; readonly account: string }, account: string): ProcessExit {
    return new ProcessExit(
      EXIT_CODES.configuration,
      `this Redis belongs to mode ${recorded.mode || "(none)"} and account ${recorded.account || "(none)"}; ` +
        `this process is configured for ${this.#exchange.mode} and account ${account}`,
      {
        hint: `use the Redis of that account, or delete ${this.#keys.mode} and ${this.#keys.modeAccount} on purpose`,
      },
    );
  }
}
