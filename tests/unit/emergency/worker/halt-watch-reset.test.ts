import { expect, test } from "bun:test";
import { keysOf } from "../../../../lib/contract/keys.ts";
import { systemClock } from "../../../../lib/daemon/clock.ts";
import { syncHalt } from "../../../../lib/emergency/worker/halt-watch.ts";
import { openPanicBook } from "../../../../lib/emergency/worker/panic-book.ts";
import { keptLog } from "../../../support/quiet-log.ts";

test.each([
  [false, ["take"]],
  [true, []],
])(
  "a reset that Redis shows takes the halt file; a panic that came meanwhile: %p",
  async (meanwhile, did) => {
    const book = openPanicBook({ records: [], append: async () => true });
    const accept = (event_id: string) => {
      const event = { event_id, reason: "R", severity: "CRITICAL", issued_by: "ops", ts: 1 } as const;
      void book.write({ type: "accepted", at_ms: 1, event, via: "socket", joins: null });
      void book.write({ type: "halt_confirmed", event_id, at_ms: 1 });
    };
    accept("p");
    const done: string[] = [];
    await syncHalt({
      redis: { state: { kind: "ready", sinceMs: 0, lastError: undefined, refusal: undefined } },
      store: {
        haltReading: async () => {
          if (meanwhile) accept("q");
          return { redis: "reset", panicRecorded: true, clearedBy: "ops" };
        },
      },
      marker: {
        put: () => void done.push("put"),
        standing: () => "own",
        takeOwn: () => void done.push("take"),
        take: () => void done.push("take"),
      },
      executor: { running: () => undefined, runsLate: () => false, abandon: () => void done.push("abandon") },
      ...{ book, keys: keysOf(""), clock: systemClock, log: keptLog() },
    });
    expect(done).toEqual(did);
    expect(book.memory.halted).toBe(meanwhile);
  },
);
