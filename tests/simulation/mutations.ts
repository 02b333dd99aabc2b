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
const SETTLE = "lib/kernel/lua/settle.lua";
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
      "const order = await resolveUnknown(parts, job, attempt, sent.signedAtMs);",
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
      "{ timestampMs: signedAtMs, recvWindowMs: parts.recvWindowMs },\n  );\n  if (outcome.phase",
      "{ timestampMs: signedAtMs + 1, recvWindowMs: parts.recvWindowMs },\n  );\n  if (outcome.phase",
    ),
    breaks: [1],
  },
  {
    name: "intent-published-twice",
    mistake: "publishing does not remember the intent id",
    changes: one(
      ADMIT,
      "redis.call('SET', intent_key, state.args[decision + ID], 'EX', state.limits.intent_ttl)",
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
    changes: one(ADMIT, "redis.call('SET', state.keys[8], '1', 'EX', state.limits.cooldown_sec)", ""),
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
    changes: one("lib/execution/execute-exit.ts", "reduceOnly: true }, made)", "reduceOnly: false }, made)"),
    breaks: [3, 1],
  },
  {
    name: "age-of-publication",
    mistake: "nobody looks at an intent's age after its admission",
    changes: [
      { file: LEDGER, from: "then return {'AGED'} end", to: "then end" },
      {
        file: "lib/execution/execute-entry.ts",
        from: "if (ageMs > rules.ageMaxMs)",
        to: "if (ageMs > 1e12)",
      },
    ],
    breaks: [4],
  },
  {
    name: "settled-without-ack",
    mistake: "settling forgets to acknowledge",
    changes: one(
      SETTLE,
      "redis.call('XACK', keys[3], args[4], args[5])\n  return {'OK', result_id}",
      "return {'OK', result_id}",
    ),
    breaks: [7],
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
      "redis.call('INCRBY', state.daily_key, integer(published)) == published",
      "redis.call('INCRBY', state.daily_key, 1) == 1",
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

/** Every planted bug, by name. */
export const MUTATIONS: ReadonlyMap<string, Mutation> = new Map(
  TRADING.map((mutation) => [mutation.name, mutation]),
);
