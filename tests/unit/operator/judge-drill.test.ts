import { expect, test } from "bun:test";
import type { PanicCompletion } from "../../../lib/contract/panic.ts";
import { judgeDrill } from "../../../lib/operator/drill/judge-drill.ts";

const COMPLETION: PanicCompletion = {
  ...({ event_id: "e", status: "flat", detail: "" } as const),
  ...{ positions_total: 1, positions_closed: 1, positions_failed: 0, failed_symbols: [], results: [] },
  ...{ ts_started: 1, ts_completed: 2, execution_time_ms: 1 },
};
const MARKS = { halted: 20, firstClose: 40, flat: 900 };
const GOOD = {
  kind: "brain",
  panic: { completion: COMPLETION, eventId: "e", panicAfterMs: 4000, marks: MARKS },
  interrupted: false,
  openAfter: [],
  haltedBy: "e",
  haltFile: true,
  entryVerdict: "TRADING_HALTED",
  entryText: "denied by the router: TRADING_HALTED",
} as const;

test("a drill that did what it should passes, also with the kill switch engaged", () => {
  expect(judgeDrill(GOOD)).toEqual([]);
  expect(judgeDrill({ ...GOOD, entryVerdict: "KILL_SWITCH" })).toEqual([]);
  expect(judgeDrill({ ...GOOD, kind: "panic", panic: { ...GOOD.panic, panicAfterMs: null } })).toEqual([]);
});

const panic = (change: object) => ({ panic: { ...GOOD.panic, ...change } });
const completion = (change: object) => panic({ completion: { ...COMPLETION, ...change } });

test.each([
  ["interrupted", { interrupted: true }],
  ["the watchdog called no panic", panic({ eventId: "" })],
  ["the panic came 5501 ms after the last heartbeat", panic({ panicAfterMs: 5501 })],
  ["the panic came ? ms after the last heartbeat", panic({ panicAfterMs: null })],
  ["the panic ended failed", completion({ status: "failed" })],
  ["the panic ended without a completion in time", panic({ completion: undefined })],
  ["found no position to close", completion({ positions_total: 0 })],
  ["flat after 15001 ms", panic({ marks: { ...MARKS, flat: 15_001 } })],
  ["the venue does not say", { openAfter: undefined }],
  ["OPEN at the venue: BTCUSDT", { openAfter: ["BTCUSDT"] }],
  ["the halt of this panic does not stand in Redis", { haltedBy: "another" }],
  ["the halt of this panic does not stand in Redis", { haltedBy: undefined }],
  ["the halt file does not stand", { haltFile: false }],
  ["an entry was not denied for the halt", { entryVerdict: "ADMITTED" }],
  ["an entry was not denied for the halt", { entryVerdict: "SAFE_MODE_ENABLED" }],
  ["an entry was not denied for the halt", { entryVerdict: undefined }],
])("fails: %s", (words, change) => {
  expect(judgeDrill({ ...GOOD, ...change }).join("\n")).toContain(words);
});
