import type { Keys } from "../../../lib/contract/keys.ts";
import type { RedisNetwork } from "../redis/redis-network.ts";
import type { Reply } from "../redis/resp.ts";
import type { Findings } from "./findings.ts";
import { functionCall, replyParts } from "./function-calls.ts";

/** Index of the caller's owner token among a function's arguments: the moves that only the owner may make. */
const OWNER_AT: Readonly<Record<string, number>> = {
  begin_v1: 1,
  submit_v1: 1,
  submit_exit_v1: 1,
  mark_unknown_v1: 0,
  fail_v1: 0,
  settle_v1: 1,
};
const MOVED = new Set(["OK", "SUBMITTING"]);

/** Invariant 1 at the ledger: whoever moves an order is its owner, by the ledger's own word just before. */
export class LedgerWatch {
  readonly #redis: Pick<RedisNetwork, "look">;
  readonly #keys: Keys;
  readonly #findings: Findings;
  #owner: string | undefined;

  constructor(parts: {
    readonly redis: Pick<RedisNetwork, "look">;
    readonly keys: Keys;
    readonly findings: Findings;
  }) {
    this.#redis = parts.redis;
    this.#keys = parts.keys;
    this.#findings = parts.findings;
  }

  before(command: readonly string[]): void {
    const call = functionCall(command);
    const key = call === undefined || OWNER_AT[call.name] === undefined ? undefined : call.keys[0];
    const owner = key?.startsWith(this.#keys.orderLedgerPrefix)
      ? this.#redis.look("HGET", key, "owner")
      : null;
    this.#owner = typeof owner === "string" ? owner : undefined;
  }

  after(command: readonly string[], reply: Reply): void {
    const call = functionCall(command);
    const at = call === undefined ? undefined : OWNER_AT[call.name];
    if (call === undefined || at === undefined || !MOVED.has(replyParts(reply)[0] ?? "")) return;
    // What an intent begins with nobody has owned before.
    if (this.#owner === (call.name === "begin_v1" ? undefined : call.args[at])) return;
    this.#findings.report(
      1,
      `${call.name} moved ${call.keys[0]} for ${call.args[at]}, the owner was ${this.#owner}`,
    );
  }
}
