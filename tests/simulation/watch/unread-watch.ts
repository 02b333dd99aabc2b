import { streamRetentions } from "../../../lib/contract/groups.ts";
import type { Keys } from "../../../lib/contract/keys.ts";
import { mayAppendTo } from "../redis/blocking-read.ts";
import type { RedisNetwork } from "../redis/redis-network.ts";
import { ReplyError } from "../redis/resp.ts";
import type { Findings } from "./findings.ts";
import { functionCall } from "./function-calls.ts";
import { streamEntries } from "./intent-book.ts";

/**
 * Invariant 4 after every command that appends to a stream or trims it: an entry that has gone was read and
 * acknowledged by each group of the contract. Groups keep what they know of an entry when it goes.
 */
export class UnreadWatch {
  readonly #redis: Pick<RedisNetwork, "look">;
  readonly #findings: Findings;
  readonly #groups: ReadonlyMap<string, readonly string[]>;
  /** The ids that stand in each stream, in order. */
  readonly #standing = new Map<string, string[]>();

  constructor(parts: {
    readonly redis: Pick<RedisNetwork, "look">;
    readonly keys: Keys;
    readonly findings: Findings;
  }) {
    this.#redis = parts.redis;
    this.#findings = parts.findings;
    this.#groups = new Map(streamRetentions(parts.keys).map(({ stream, groups }) => [stream, groups]));
  }

  after(command: readonly string[]): void {
    const trimmed = functionCall(command)?.name === "trim_v1" ? functionCall(command)?.keys[0] : undefined;
    const streams = command[0] === "XTRIM" ? [command[1]] : [trimmed, ...mayAppendTo(command)];
    for (const stream of streams) {
      const groups = stream === undefined ? undefined : this.#groups.get(stream);
      if (stream !== undefined && groups !== undefined && groups.length > 0) this.#compare(stream, groups);
    }
  }

  /** Redis forgot entries and groups alike: what stands now is what there is. */
  stateLost(): void {
    this.#standing.clear();
  }

  rolledBack(_toUs: number): void {
    this.#standing.clear();
  }

  #compare(stream: string, groups: readonly string[]): void {
    const known = this.#standing.get(stream) ?? [];
    const last = known.at(-1);
    const added = streamEntries(
      this.#redis.look("XRANGE", stream, last === undefined ? "-" : `(${last}`, "+"),
    );
    const [first] = streamEntries(this.#redis.look("XRANGE", stream, "-", "+", "COUNT", "1"));
    const all = [...known, ...added.map(({ id }) => id)];
    const kept = first === undefined ? all.length : all.indexOf(first.id);
    const gone = kept < 0 ? known : all.slice(0, kept);
    this.#standing.set(stream, all.slice(gone.length));
    for (const group of gone.length === 0 ? [] : groups) this.#judge(stream, group, gone);
  }

  #judge(stream: string, group: string, gone: readonly string[]): void {
    const info = this.#redis.look("XINFO", "GROUPS", stream);
    const found = Array.isArray(info)
      ? info.find((one) => Array.isArray(one) && one[1] === group)
      : undefined;
    const delivered = Array.isArray(found) ? String(found[found.indexOf("last-delivered-id") + 1]) : "0-0";
    for (const id of gone) {
      const pending = this.#redis.look("XPENDING", stream, group, id, id, "1");
      const isPending = !(pending instanceof ReplyError) && Array.isArray(pending) && pending.length > 0;
      if (isPending) this.#findings.report(4, `${id} was trimmed off ${stream}, pending in ${group}`);
      else if (isAfter(id, delivered)) {
        this.#findings.report(4, `${id} was trimmed off ${stream}, ${group} has not read it`);
      }
    }
  }
}

function isAfter(id: string, other: string): boolean {
  const [ms = 0, seq = 0] = id.split("-").map(Number);
  const [otherMs = 0, otherSeq = 0] = other.split("-").map(Number);
  return ms !== otherMs ? ms > otherMs : seq > otherSeq;
}
