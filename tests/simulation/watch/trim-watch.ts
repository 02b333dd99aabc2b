import { streamRetentions } from "../../../lib/contract/groups.ts";
import type { Keys } from "../../../lib/contract/keys.ts";
import type { RedisNetwork } from "../redis/redis-network.ts";
import { type Reply, ReplyError } from "../redis/resp.ts";
import type { Findings } from "./findings.ts";
import { functionCall } from "./function-calls.ts";
import { streamEntries } from "./intent-book.ts";

/** Invariant 4 at every trim: what a group of the contract has not acknowledged stays. */
export class TrimWatch {
  readonly #redis: Pick<RedisNetwork, "look">;
  readonly #keys: Keys;
  readonly #findings: Findings;
  #before: { readonly stream: string; readonly needed: ReadonlyMap<string, string> } | undefined;

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
    const stream = call?.name === "trim_v1" ? call.keys[0] : command[0] === "XTRIM" ? command[1] : undefined;
    this.#before = stream === undefined ? undefined : { stream, needed: this.#needed(stream) };
  }

  after(): void {
    if (this.#before === undefined) return;
    const { stream, needed } = this.#before;
    this.#before = undefined;
    const kept = new Set(streamEntries(this.#redis.look("XRANGE", stream, "-", "+")).map(({ id }) => id));
    for (const [id, why] of needed) {
      if (!kept.has(id)) this.#findings.report(4, `${id} was trimmed off ${stream} although ${why}`);
    }
  }

  /** Entries that some group still has to finish, with the reason. */
  #needed(stream: string): ReadonlyMap<string, string> {
    const needed = new Map<string, string>();
    const groups =
      streamRetentions(this.#keys).find((retention) => retention.stream === stream)?.groups ?? [];
    for (const group of groups) {
      for (const id of this.#unread(stream, group)) needed.set(id, `${group} has not read it`);
      const pending = this.#redis.look("XPENDING", stream, group, "-", "+", "10000");
      if (!Array.isArray(pending)) continue;
      for (const one of pending) {
        const id = Array.isArray(one) ? String(one[0]) : "";
        needed.set(id, `it is pending in ${group}`);
      }
    }
    return this.#existing(stream, needed);
  }

  #unread(stream: string, group: string): readonly string[] {
    const groups = this.#redis.look("XINFO", "GROUPS", stream);
    if (groups instanceof ReplyError || !Array.isArray(groups)) return [];
    const info = groups.find(
      (one): one is Reply[] => Array.isArray(one) && one[one.indexOf("name") + 1] === group,
    );
    const after = info === undefined ? "-" : `(${String(info[info.indexOf("last-delivered-id") + 1])}`;
    return streamEntries(this.#redis.look("XRANGE", stream, after, "+")).map(({ id }) => id);
  }

  #existing(stream: string, needed: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
    const ids = new Set(streamEntries(this.#redis.look("XRANGE", stream, "-", "+")).map(({ id }) => id));
    return new Map([...needed].filter(([id]) => ids.has(id)));
  }
}
