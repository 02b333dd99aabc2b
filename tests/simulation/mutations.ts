import type { SourceChange } from "./runner/source-changes.ts";
import type { InvariantNumber } from "./watch/findings.ts";

/** A bug planted on purpose. */
export interface Mutation {
  readonly name: string;
  /** What a reader of the code would call the mistake. */
  readonly mistake: string;
  readonly changes: readonly SourceChange[];
  /** One of these is to be found broken. */
  readonly breaks: readonly InvariantNumber[];
}

const LEDGER = "lib/kernel/lua/ledger.lua";
const ADMIT = "lib/kernel/lua/admit.lua";
const SEND = "lib/execution/send-order.ts";

const one = (file: string, from: string, to: string): readonly SourceChange[] => [{ file, from, to }];

/** Planted bugs of the trading path. */
const TRADING: readonly Mutation[] = [
  {
    name: "ack-before-settle",
    mistake: "an intent is acknowledged when it is received",
    changes: one(
      LEDGER,
      "redis.pcall('HINCRBY', keys[4], 'received', 1)",
      "redis.call('XACK', keys[3], args[4], args[5])",
    ),
    breaks: [4],
  },
  {
    name: "no-fencing",
    mistake: "whoever comes may move an order, also its former owner",
    changes: one(LEDGER, "if order.owner ~= owner then return {'FENCED', order.owner} end", ""),
    breaks: [1],
  },
  {
    name: "blind-resend",
    mistake: "an order in doubt is sent again without asking the venue",
    changes: one(
      SEND,
      "const order = await resolveUnknown(parts, job, attempt, sent);",
      "const order = await Promise.resolve(resolveUnknown && undefined);",
    ),
    breaks: [1],
  },
  {
    name: "absent-is-absent",
    mistake: "`no such order` is believed before the request can have arrived",
    changes: one(
      "lib/execution/decide-resolution.ts",
      "if (input.askedAtMs > lastArrivalMs)",
      "if (lastArrivalMs > 0)",
    ),
    breaks: [1],
  },
  {
    name: "signed-anew",
    mistake: "the request carries another timestamp than the ledger",
    changes: one(
      SEND,
      "{ timestampMs: signedAtMs, recvWindowMs: parts.recvWindowMs },\n  );\n  // Told",
      "{ timestampMs: signedAtMs + 1, recvWindowMs: parts.recvWindowMs },\n  );\n  // Told",
    ),
    breaks: [1],
  },
  {
    name: "intent-published-twice",
    mistake: "publishing does not remember the intent id",
    changes: one(
      ADMIT,
      "redis.call('SET', intent_key, state.args[decision + ID], 'PXAT', state.intent_until)",
      "",
    ),
    breaks: [1],
  },
  {
    name: "kill-outside-admission",
    mistake: "the admission relies on an earlier look at the switches",
    changes: one(ADMIT, "if state.stopped then return state.stopped, '' end", ""),
    breaks: [2],
  },
  {
    name: "kill-outside-submission",
    mistake: "the submission relies on the admission's look at the switches",
    changes: one(LEDGER, "if stopped then return {'DENIED', stopped} end", ""),
    breaks: [2],
  },
  {
    name: "halt-file-unread",
    mistake: "nobody looks at the halt file before an entry",
    changes: one(
      "lib/execution/entry-guard.ts",
      'if (haltFileStands(parts.haltFile)) return "TRADING_HALTED";',
      "void haltFileStands;",
    ),
    breaks: [2],
  },
  {
    name: "trip-without-safe-mode",
    mistake: "a trip is counted and refused, but does not set safe mode",
    changes: one(
      ADMIT,
      "redis.call('SET', state.limits.names.safe_mode, '1', 'EX', state.limits.cooldown_sec)",
      "",
    ),
    breaks: [2],
  },
  {
    name: "exit-through-the-switches",
    mistake: "the kill switch applies to exits too",
    changes: one(LEDGER, "if args[4] ~= 'exit' then\n    local stopped", "if true then\n    local stopped"),
    breaks: [3],
  },
  {
    name: "exit-through-the-halt-file",
    mistake: "the halt file applies to exits too",
    changes: one(
      SEND,
      'const stopped = kind === "entry" ? parts.entriesStopped() : undefined;',
      "const stopped = parts.entriesStopped();",
    ),
    breaks: [3],
  },
  {
    name: "exit-not-reduce-only",
    mistake: "an exit is sent as an ordinary order",
    changes: one(
      "lib/execution/execute-exit.ts",
      "positionSide, quantity, reduceOnly: true }",
      "positionSide, quantity, reduceOnly: false }",
    ),
    breaks: [3, 2, 1],
  },
  {
    name: "one-lane",
    mistake: "exits and entries are executed one after the other",
    changes: one(
      "lib/execution/intent-lanes.ts",
      'entry === undefined ? "done" : handleIntent(parts, entry, { ...lane, signal }),',
      'entry === undefined ? "done" : (parts.turn = Promise.resolve(parts.turn).catch(() => {})' +
        ".then(() => handleIntent(parts, entry, { ...lane, signal }))),",
    ),
    breaks: [3],
  },
  {
    name: "age-of-publication",
    mistake: "nobody looks at an intent's age after its admission",
    changes: [
      { file: LEDGER, from: "then return {'AGED'} end", to: "then end" },
      {
        file: "lib/execution/judge-entry.ts",
        from: "if (ageMs > rules.ageMaxMs)",
        to: "if (ageMs > 1e12)",
      },
    ],
    breaks: [4],
  },
  {
    name: "fixed-window",
    mistake: "the rate is counted by fixed buckets",
    changes: one("lib/kernel/lua/admission-input.lua", "sliding = parts[7] ~= 'fixed'", "sliding = false"),
    breaks: [5],
  },
  {
    name: "daily-counts-calls",
    mistake: "the daily counter counts calls and not intents",
    changes: one(
      ADMIT,
      "redis.call('INCRBY', limits.daily_key, integer(published)) == published",
      "redis.call('INCRBY', limits.daily_key, 1) == 1",
    ),
    breaks: [5],
  },
  {
    name: "slot-not-reserved",
    mistake: "an entry looks at the trade rate but reserves no slot of it",
    changes: one(LEDGER, "    reserve_slot(keys, args, now)\n", ""),
    breaks: [5],
  },
];

/** Planted bugs of stream recovery. */
const RECOVERY: readonly Mutation[] = [
  {
    name: "trim-by-length",
    mistake: "streams are trimmed to their length, whoever still needs what",
    changes: one(
      "lib/kernel/lua/streams.lua",
      "if floor and id_before(floor, minid) then minid = floor end",
      "",
    ),
    breaks: [4],
  },
  {
    name: "busy-consumer-deleted",
    mistake: "recovery deletes a consumer that is idle, with what is pending on it",
    changes: [
      {
        file: "lib/kernel/lua/streams.lua",
        from: "if consumer['pending'] == 0 and consumer['idle'] >= idle_min then",
        to: "if consumer['idle'] >= idle_min then",
      },
      {
        file: "lib/recovery/recover-group.ts",
        from: "consumer.pending === 0 && consumer.idleMs >= idleMinMs",
        to: "consumer.idleMs >= idleMinMs",
      },
    ],
    breaks: [4],
  },
];

/** Planted bugs of the emergency chain. */
const EMERGENCY: readonly Mutation[] = [
  {
    name: "halt-after-close",
    mistake: "the worker cancels and closes without having put the halt file first",
    changes: one("lib/emergency/worker/panic-desk.ts", "    this.#putHaltFile(event);\n", ""),
    breaks: [6],
  },
  {
    name: "flat-at-once",
    mistake: "the first reading of zero positions is believed, whatever may still be under way",
    changes: one(
      "lib/emergency/worker/decide-round.ts",
      "if (openingOrders === 0 && settledInMs <= 0 && troubles === 0)",
      'if (openPositions === 0) return { kind: "flat" };\n  if (openingOrders === 0 && settledInMs <= 0 && troubles === 0)',
    ),
    breaks: [6],
  },
  {
    name: "unreadable-is-flat",
    mistake: "a reading of the positions that failed is taken for none open",
    changes: one(
      "lib/emergency/worker/decide-round.ts",
      'if (openPositions === undefined) return { kind: "again", pause: true };',
      'if (openPositions === undefined) return { kind: "flat" };',
    ),
    breaks: [6],
  },
  {
    name: "flatten-not-reduce-only",
    mistake: "the worker closes with ordinary orders",
    changes: one(
      "lib/emergency/worker/plan-close.ts",
      "symbol, ...shape, positionSide, quantity }",
      "symbol, ...shape, reduceOnly: false, positionSide, quantity }",
    ),
    breaks: [3],
  },
  {
    name: "panic-published-anew",
    mistake: "each attempt at publishing a panic has an id of its own",
    changes: one(
      "lib/emergency/watchdog/panic-caller.ts",
      "...encodeFields(encodePanicEvent(call.event))",
      "...encodeFields(encodePanicEvent({ ...call.event, event_id: call.event.event_id.slice(0, -4) + " +
        "String(Math.floor(this.#parts.clock.monotonicMs())).padStart(4, '0').slice(-4) }))",
    ),
    breaks: [6],
  },
  {
    name: "latch-not-persisted",
    mistake: "the watchdog remembers in memory alone that it has called a panic",
    changes: [
      {
        file: "lib/emergency/watchdog/latch-store.ts",
        from: "    this.#waiting = { latch };\n",
        to: "    this.#waiting = undefined;\n    void latch;\n",
      },
      {
        file: "lib/emergency/watchdog/create-watchdog.ts",
        from: 'const adopt = kept.kind === "kept" ? undefined : (latch: Latch) => watch.adopt(latch);',
        to: "const adopt = undefined;",
      },
    ],
    breaks: [6],
  },
  {
    name: "watchdog-asleep",
    mistake: "the limits of silence are in seconds where milliseconds are meant",
    changes: [
      {
        file: "lib/emergency/watchdog/watch-limits.ts",
        from: "unguarded: 3000,",
        to: "unguarded: 3_000_000,",
      },
      { file: "lib/emergency/watchdog/watch-limits.ts", from: "missing: 5000,", to: "missing: 5_000_000," },
    ],
    breaks: [6],
  },
];

/** Planted bugs that only what comes twice, a Redis that forgot, hedge mode or an operator brings out. */
const CIRCUMSTANTIAL: readonly Mutation[] = [
  {
    name: "refusal-believed",
    mistake: "the answer to a second copy of a request passes for the fate of the first",
    changes: one(
      "lib/execution/ask-after-rejection.ts",
      "if (!answered || !concerned) return",
      "if (answered || !concerned) return",
    ),
    breaks: [1],
  },
  {
    name: "settled-by-memory",
    mistake: "a process does not look again at what it has settled, whatever Redis says",
    changes: [
      {
        file: "lib/execution/handle-intent.ts",
        from: "  const decoded = decodeIntent(entry.fields);\n  if (decoded",
        to:
          '  if ((parts.settled ??= new Set()).has(entry.id)) return "done";\n' +
          "  const decoded = decodeIntent(entry.fields);\n  if (decoded",
      },
      {
        file: "lib/execution/handle-intent.ts",
        from: "    await progress(parts, job, refusal);\n",
        to: "    await progress(parts, job, refusal);\n    parts.settled.add(entry.id);\n",
      },
    ],
    breaks: [7, 4],
  },
  {
    name: "published-with-maxlen",
    mistake: "publishing keeps the stream short, whoever still needs what",
    changes: one(
      ADMIT,
      "return redis.call('XADD', stream, '*', 'data'",
      "return redis.call('XADD', stream, 'MAXLEN', 2, '*', 'data'",
    ),
    breaks: [4],
  },
  {
    name: "exit-paced",
    mistake: "an exit waits for its turn among all requests",
    changes: one(
      SEND,
      'if (admission.kind === "ok") return undefined;',
      'if (admission.kind === "ok") return job.kind === "exit" ? pause(parts, job, 500).then(() => undefined) : undefined;',
    ),
    breaks: [3],
  },
  {
    name: "one-way-panic",
    mistake: "the worker closes as if the account knew one position a symbol",
    changes: one(
      "lib/emergency/worker/plan-close.ts",
      "symbol, ...shape, positionSide, quantity }",
      'symbol, ...shape, positionSide: "BOTH", quantity }',
    ),
    breaks: [6],
  },
  {
    name: "switch-said-not-set",
    mistake: "an admin server says that it has set a switch, and writes nothing",
    changes: one(
      "lib/kernel/lua/switches.lua",
      "    redis.call('SET', keys[1], args[2])\n  end\n  redis.call('XADD'",
      "  end\n  redis.call('XADD'",
    ),
    breaks: [2],
  },
  {
    name: "halt-cleared-while-open",
    mistake: "a halt is cleared for whoever asks, also while its panic has positions open",
    changes: one(
      "lib/emergency/worker/routes.ts",
      "if (running !== undefined && !by.force) {",
      "if (running === null) {",
    ),
    breaks: [6],
  },
  {
    name: "joined-not-waited-for",
    mistake: "a panic that joins another ends with it, whatever passed since its own halt",
    changes: [
      {
        file: "lib/emergency/worker/panic-run.ts",
        from: 'if (decision.kind === "flat" && !this.#isHaltNewer()) return "flat";',
        to: 'if (decision.kind === "flat") return "flat";',
      },
      {
        file: "lib/emergency/worker/panic-run.ts",
        from: "if (this.#panic.haltsAnew !== this.#haltsSeen) this.#noteHalt();",
        to: "",
      },
    ],
    breaks: [6],
  },
];

/** Every planted bug, by name. */
export const MUTATIONS: ReadonlyMap<string, Mutation> = new Map(
  [...TRADING, ...RECOVERY, ...EMERGENCY, ...CIRCUMSTANTIAL].map((mutation) => [mutation.name, mutation]),
);
