import { type Mutation, one } from "./mutation.ts";

/** Planted bugs of the emergency chain. */
export const EMERGENCY: readonly Mutation[] = [
  {
    name: "halt-after-close",
    mistake: "the worker cancels and closes without having put the halt file first",
    changes: one("lib/emergency/worker/panic-executor.ts", "    this.#putHaltFile(event);\n", ""),
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
      { file: "lib/emergency/watchdog/watch-limits.ts", from: "noSign: 6000,", to: "noSign: 6_000_000," },
    ],
    breaks: [6],
  },
  {
    name: "degraded-not-seen",
    mistake: "the watchdog is content with a brain that beats, whatever it says of itself",
    changes: one(
      "lib/emergency/watchdog/decide-finding.ts",
      "ageOf(brain.degradedSinceMs) > LIMITS.degraded",
      "ageOf(brain.degradedSinceMs) > 1e12",
    ),
    breaks: [6],
  },
];
