import { existsSync } from "node:fs";
import type { Keys } from "../../../lib/contract/keys.ts";
import type { Life } from "../engine/life.ts";
import type { RedisNetwork } from "../redis/redis-network.ts";
import type { Reply } from "../redis/resp.ts";
import type { Findings } from "./findings.ts";
import { admittedDecisions, functionCall, replyParts, SUBMITS } from "./function-calls.ts";
import type { OrderCall } from "./order-call.ts";

/** Trips within an admission: what follows them in the same call stands in safe mode. */
const TRIPS = new Set(["GLOBAL_RATE_EXCEEDED", "SYMBOL_RATE_EXCEEDED"]);

const LETS_ENTRIES_PASS = new Set(["admit_v1", "begin_v1", "submit_v1"]);

/**
 * Invariant 2. What stops entries is read from the server just before each call that may let one pass, and each entry
 * that leaves a process is held against the submission that allowed it.
 */
export class SwitchWatch {
  readonly #redis: Pick<RedisNetwork, "look">;
  readonly #keys: Keys;
  readonly #findings: Findings;
  readonly #haltFile: string;
  /** Why no entry may pass now, as it stood when the running call began. */
  #stopped: string | undefined;
  /** Submissions that allow one request each, by client id and timestamp. */
  readonly #allowed = new Map<string, Life>();

  constructor(parts: {
    readonly redis: Pick<RedisNetwork, "look">;
    readonly keys: Keys;
    readonly findings: Findings;
    readonly haltFile: string;
  }) {
    this.#redis = parts.redis;
    this.#keys = parts.keys;
    this.#findings = parts.findings;
    this.#haltFile = parts.haltFile;
  }

  before(command: readonly string[]): void {
    const call = functionCall(command);
    if (call !== undefined && LETS_ENTRIES_PASS.has(call.name)) this.#stopped = this.#whyStopped();
  }

  after(command: readonly string[], reply: Reply, life: Life): void {
    const call = functionCall(command);
    if (call?.name === "admit_v1") {
      let stopped = this.#stopped;
      for (const { verdict, intentId } of admittedDecisions(call, reply)) {
        if (verdict === "ADMITTED" && stopped !== undefined) {
          this.#findings.report(2, `intent ${intentId} was admitted although ${stopped}`);
        }
        if (TRIPS.has(verdict)) stopped = `${verdict} had tripped in the same call`;
        if (TRIPS.has(verdict) && this.#redis.look("EXISTS", this.#keys.safeMode) === 0) {
          this.#findings.report(2, `${verdict} left no safe mode behind`);
        }
      }
    }
    if (call === undefined || !SUBMITS.has(call.name)) return;
    if (replyParts(reply)[0] !== "SUBMITTING") return;
    const [intentId, , kind, , clientOrderId, , signedAt] = call.args;
    if (kind !== "exit" && this.#stopped !== undefined) {
      this.#findings.report(2, `intent ${intentId} was submitted although ${this.#stopped}`);
    }
    this.#allowed.set(`${clientOrderId} ${signedAt}`, life);
  }

  /** A process sends an order. */
  sent(order: OrderCall, life: Life): void {
    if (order.intentId === undefined) return;
    const name = `${order.clientOrderId} ${order.timestampMs}`;
    const allowed = this.#allowed.get(name);
    if (allowed === undefined) {
      this.#findings.report(1, `order ${name} is sent without a submission in the ledger that says so`);
    } else if (allowed !== life) {
      this.#findings.report(1, `order ${name} is sent by ${life.name}, submitted by ${allowed.name}`);
    }
    this.#allowed.delete(name);
    if (!order.reduces && existsSync(this.#haltFile)) {
      this.#findings.report(2, `entry ${name} is sent although the halt file stands`);
    }
  }

  #whyStopped(): string | undefined {
    const switches = this.#redis.look("MGET", this.#keys.kill, this.#keys.safeMode);
    const [kill, safeMode] = Array.isArray(switches) ? switches : [];
    if (kill !== "0") return `the kill switch was ${JSON.stringify(kill)}`;
    if (safeMode !== null && safeMode !== "0") return "safe mode was on";
    const halted = this.#redis.look("HGET", this.#keys.tradingState, "halted");
    return halted === "true" ? "trading was halted" : undefined;
  }
}
