import type { Keys } from "../../../lib/contract/keys.ts";
import { decodeIntent, isExit, type TradeIntent } from "../../../lib/contract/trade-intent.ts";
import { mayAppendTo } from "../redis/blocking-read.ts";
import type { RedisNetwork } from "../redis/redis-network.ts";
import type { Reply } from "../redis/resp.ts";
import type { Findings } from "./findings.ts";

export interface BookedIntent {
  readonly intentId: string;
  readonly kind: "entry" | "exit";
  readonly symbol: string;
  readonly action: TradeIntent["action"];
  readonly decidedAtMs: number;
  readonly stream: string;
  readonly entryId: string;
  readonly publishedAtMs: number;
  readonly publishedAtUs: number;
  /** How often Redis had lost its state before. */
  readonly epoch: number;
}

/** Sources of exits besides decisions. */
const GUARDS = new Set(["exit-brain", "execution"]);

/** Every intent that was ever appended to a stream, read from the streams themselves as soon as it stands there. */
export class IntentBook {
  readonly #redis: Pick<RedisNetwork, "look">;
  readonly #keys: Keys;
  readonly #findings: Findings;
  readonly #nowMs: () => number;
  readonly #nowUs: () => number;
  readonly #onBooked: (booked: BookedIntent) => void;
  /** Published, and forgotten by a Redis that came back with what it had before. */
  readonly #forgotten = new Set<BookedIntent>();
  readonly #read = new Map<string, string>();
  readonly byId = new Map<string, BookedIntent[]>();
  readonly all: BookedIntent[] = [];
  epoch = 0;

  constructor(parts: {
    readonly redis: Pick<RedisNetwork, "look">;
    readonly keys: Keys;
    readonly findings: Findings;
    readonly nowMs: () => number;
    readonly nowUs: () => number;
    readonly onBooked: (booked: BookedIntent) => void;
  }) {
    this.#redis = parts.redis;
    this.#keys = parts.keys;
    this.#findings = parts.findings;
    this.#nowMs = parts.nowMs;
    this.#nowUs = parts.nowUs;
    this.#onBooked = parts.onBooked;
  }

  /** After a command that may have appended. */
  after(args: readonly string[]): void {
    for (const stream of mayAppendTo(args)) {
      if (stream === this.#keys.intentStream || stream === this.#keys.exitIntentStream) this.#readOn(stream);
    }
  }

  stateLost(): void {
    this.epoch += 1;
    this.#read.clear();
  }

  /** Redis knows nothing of what was published after that moment. */
  rolledBack(toUs: number): void {
    this.#read.clear();
    for (const booked of this.current()) {
      if (booked.publishedAtUs > toUs) this.#forgotten.add(booked);
    }
    for (const { entryId, stream } of this.current()) this.#read.set(stream, entryId);
  }

  /** The intents that Redis still should know everything of. */
  current(): readonly BookedIntent[] {
    return this.all.filter((booked) => this.#isKnown(booked));
  }

  #isKnown(booked: BookedIntent): boolean {
    return booked.epoch === this.epoch && !this.#forgotten.has(booked);
  }

  #readOn(stream: string): void {
    const after = this.#read.get(stream);
    const from = after === undefined ? "-" : `(${after}`;
    for (const { id, fields } of streamEntries(this.#redis.look("XRANGE", stream, from, "+"))) {
      this.#read.set(stream, id);
      const decoded = decodeIntent(fields);
      if (decoded.kind === "undecodable") continue;
      const { intent } = decoded;
      const booked: BookedIntent = {
        intentId: intent.intent_id,
        kind: isExit(intent) ? "exit" : "entry",
        symbol: intent.symbol,
        action: intent.action,
        decidedAtMs: intent.ts_ms,
        stream,
        entryId: id,
        publishedAtMs: this.#nowMs(),
        publishedAtUs: this.#nowUs(),
        epoch: this.epoch,
      };
      const before = this.byId.get(booked.intentId) ?? [];
      // Who guards a position says again what nobody has taken, under the same id: it is executed once.
      const mayRepeat = GUARDS.has(intent.source);
      if (!mayRepeat && before.some((one) => this.#isKnown(one))) {
        this.#findings.report(1, `intent ${booked.intentId} was published twice`);
      }
      this.all.push(booked);
      this.#onBooked(booked);
      this.byId.set(booked.intentId, [...before, booked]);
    }
  }
}

export interface PlainEntry {
  readonly id: string;
  readonly fields: Readonly<Record<string, string>>;
}

/** The entries of an XRANGE. */
export function streamEntries(reply: Reply): readonly PlainEntry[] {
  if (!Array.isArray(reply)) return [];
  return reply.map((entry) => {
    const [id, flat] = Array.isArray(entry) ? entry : [];
    const list = Array.isArray(flat) ? flat.map(String) : [];
    const fields: Record<string, string> = {};
    for (let at = 0; at + 1 < list.length; at += 2) fields[list[at] ?? ""] = list[at + 1] ?? "";
    return { id: String(id), fields };
  });
}
