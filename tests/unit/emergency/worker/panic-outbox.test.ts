import { expect, test } from "bun:test";
import { createCondition } from "../../../../lib/emergency/worker/condition.ts";
import { openPanicBook } from "../../../../lib/emergency/worker/panic-book.ts";
import { PanicOutbox } from "../../../../lib/emergency/worker/panic-outbox.ts";
import { keptLog } from "../../../support/quiet-log.ts";

/** An outbox of one panic; `onHalt` happens when Redis has executed the halt and its answer is under way. */
function stage(onHalt: () => void = () => undefined) {
  const book = openPanicBook({ records: [], append: async () => true });
  const accept = (event_id: string, joins: string | null) => {
    const event = { event_id, reason: "R", severity: "CRITICAL", issued_by: "ops", ts: 1 } as const;
    void book.write({ type: "accepted", at_ms: 1, event, via: "socket", joins });
  };
  accept("p", null);
  const given: string[] = [];
  const outbox = new PanicOutbox({
    store: {
      halt: async ({ event_id }) => {
        given.push(event_id);
        onHalt();
        return given.length === 1 ? "anew" : "stood";
      },
      publish: async () => "published",
    },
    ...{ book, log: keptLog(), changed: createCondition(), entriesOf: () => [] },
    clock: { nowMs: () => 1, monotonicMs: () => 1, sleep: async () => undefined },
  });
  const standing = () => book.memory.panics.get("p");
  return { accept, given, outbox, standing };
}

test("a halt is given until Redis has confirmed it, and it is known whether it had to be", async () => {
  const at = stage();
  await at.outbox.flush();
  await at.outbox.flush();
  expect(at.given).toEqual(["p"]);
  expect(at.standing()).toMatchObject({ haltConfirmed: true, haltsAnew: 1 });
});

test("a halt that Redis took before another panic joined is no answer to that one", async () => {
  let joins = 0;
  const at = stage(() => {
    joins += 1;
    if (joins === 1) at.accept("q", "p");
  });
  await at.outbox.flush();
  expect(at.standing()?.haltConfirmed).toBe(false);
  await at.outbox.flush();
  expect(at.given).toEqual(["p", "p"]);
  expect(at.standing()).toMatchObject({ haltConfirmed: true, haltsAnew: 1 });
});

test("a flush that is asked for while one runs gives what came since", async () => {
  let second: Promise<void> | undefined;
  const at = stage(() => {
    if (second !== undefined) return;
    at.accept("q", "p");
    second = Promise.resolve().then(() => at.outbox.flush());
  });
  await at.outbox.flush();
  await second;
  expect(at.given).toEqual(["p", "p"]);
});
