import { expect, test } from "bun:test";
import type { PanicEvent } from "../../../../lib/contract/panic.ts";
import { createCondition } from "../../../../lib/emergency/worker/condition.ts";
import type { JournalRecord } from "../../../../lib/emergency/worker/journal-record.ts";
import { openPanicBook } from "../../../../lib/emergency/worker/panic-book.ts";
import { PanicExecutor } from "../../../../lib/emergency/worker/panic-executor.ts";
import { PanicOutbox } from "../../../../lib/emergency/worker/panic-outbox.ts";
import { stage as openStage } from "./panic-run-stage.ts";

const event = (event_id: string): PanicEvent => ({
  ...({ event_id, reason: "R", severity: "CRITICAL", issued_by: "ops" } as const),
  ts: 1_000_000,
});
/** A panic that a process before this one took in, and whose halt Redis took. */
const LEFT_OPEN: readonly JournalRecord[] = [
  { type: "accepted", via: "socket", joins: null, at_ms: 1, event: event("left") },
  { type: "halt_confirmed", event_id: "left", at_ms: 1 },
];

/** An executor over a journal, at a flat venue: a panic that is run ends flat. */
function stage(records: readonly JournalRecord[], clearedMeanwhile: () => Promise<boolean>) {
  const { parts, stop } = openStage();
  const book = openPanicBook({ records, append: async () => true });
  const changed = createCondition();
  const outbox = new PanicOutbox({
    ...{ ...parts, book, changed, entriesOf: () => [] },
    store: { halt: async () => "anew", publish: async () => "published" },
  });
  const nothing = () => {};
  const executor = new PanicExecutor({
    ...{ ...parts, book, outbox, changed, clearedMeanwhile, progress: nothing },
    marker: { put: nothing, standing: () => "own", takeOwn: nothing, take: nothing },
    observe: {
      ...{ accepted: nothing, completed: nothing, timeToFlat: nothing },
      ...{ issuerClockOff: nothing, orderEnded: nothing },
    },
  });
  /** How each panic ended. */
  const ends = async () => {
    const running = executor.run(stop.signal);
    const all = [...book.memory.panics.values()];
    while (all.some(({ completions }) => !completions.some(({ final }) => final))) await Bun.sleep(0);
    stop.abort();
    await running;
    return all.map(({ completions }) => completions.find(({ final }) => final)?.completion.status);
  };
  return { executor, ends };
}

test("a panic that was left open is run, unless an operator cleared its halt meanwhile", async () => {
  expect(await stage(LEFT_OPEN, async () => false).ends()).toEqual(["flat"]);
  expect(await stage(LEFT_OPEN, async () => true).ends()).toEqual(["failed"]);
});

test("it is run for the panic that joins it while Redis is asked: that came after the clearing", async () => {
  const { executor, ends } = stage(LEFT_OPEN, async () => {
    await executor.accept(event("joins"), "socket");
    return true;
  });
  expect(await ends()).toEqual(["flat"]);
});

test("a panic that an operator took over before it was begun is not run", async () => {
  const { executor, ends } = stage([], async () => false);
  await executor.accept(event("new"), "socket");
  executor.abandon("ops");
  expect(await ends()).toEqual(["failed"]);
});
