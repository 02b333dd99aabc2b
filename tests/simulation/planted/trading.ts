import { type Mutation, one } from "./mutation.ts";

const LEDGER = "lib/kernel/lua/ledger.lua";
const ADMIT = "lib/kernel/lua/admit.lua";
const SEND = "lib/execution/send-order.ts";

/** Planted bugs of the trading path. */
export const TRADING: readonly Mutation[] = [
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
    changes: [
      { file: ADMIT, from: "if state.stopped then return state.stopped, '' end", to: "" },
      {
        file: ADMIT,
        from: "(state.stopped or state.safe_mode) and refuse_all",
        to: "state.safe_mode and refuse_all",
      },
    ],
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
  {
    name: "missed-ttl",
    mistake: "a settled order stays in the ledger for ever",
    changes: one("lib/kernel/lua/settle.lua", "  redis.call('EXPIRE', keys[1], 86400)\n", ""),
    breaks: [9],
  },
];

/** Planted bugs of stream recovery. */
export const RECOVERY: readonly Mutation[] = [
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
