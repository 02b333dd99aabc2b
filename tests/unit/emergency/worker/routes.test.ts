import { describe, expect, test } from "bun:test";
import { Hono } from "hono";
import { AdminError } from "../../../../lib/daemon/admin-request.ts";
import { systemClock } from "../../../../lib/daemon/clock.ts";
import type { JournalRecord } from "../../../../lib/emergency/worker/journal-record.ts";
import { openPanicBook, type PanicBook } from "../../../../lib/emergency/worker/panic-book.ts";
import { workerRoutes } from "../../../../lib/emergency/worker/routes.ts";
import { keptLog } from "../../../support/quiet-log.ts";

const EVENT = {
  event_id: crypto.randomUUID(),
  reason: "R",
  severity: "CRITICAL",
  issued_by: "ops",
  ts: 1,
} as const;
const accept = (book: PanicBook) =>
  book.write({ type: "accepted", at_ms: 1, event: EVENT, via: "socket", joins: null });

/** The routes over a store whose `clear` does what the test says. */
function stage(clear: (book: PanicBook) => Promise<number | "unanswered">) {
  const written: JournalRecord[] = [];
  const append = async (record: JournalRecord) => written.push(record) > 0;
  const book = openPanicBook({ records: [], append });
  const said: string[] = [];
  const routes = workerRoutes({
    executor: {
      accept: async () => ({ state: "accepted" }),
      running: () => undefined,
      abandon: () => said.push("abandon"),
      haltAgain: () => said.push("halt again"),
    },
    store: {
      isCleared: async () => false,
      processed: async () => undefined,
      refuse: async () => undefined,
      tradingState: async () => ({}),
      clear: () => clear(book),
    },
    marker: { put: () => {}, standing: () => "own", takeOwn: () => {}, take: () => said.push("file taken") },
    book,
    clock: systemClock,
    log: keptLog(),
    observe: { refused: () => {} },
    instance: "one",
  });
  const app = new Hono().route("/v1", routes).onError((error, context) => {
    if (!(error instanceof AdminError)) throw error;
    return context.json({ code: error.code }, error.status);
  });
  const remove = () => app.request("/v1/halt", { method: "DELETE", body: JSON.stringify({ why: "test" }) });
  return { book, written, said, remove };
}

describe("DELETE /v1/halt", () => {
  test("takes the file away and writes down when it was cleared", async () => {
    const { written, said, remove } = stage(async () => 77);
    expect((await remove()).status).toBe(200);
    expect(said).toEqual(["file taken"]);
    expect(written).toEqual([expect.objectContaining({ type: "cleared", at_redis_ms: 77 })]);
  });

  test("changes nothing while a panic is not answered", async () => {
    const { written, said, remove } = stage(async () => "unanswered");
    const reply = await remove();
    expect([reply.status, await reply.json()]).toEqual([409, { code: "PANIC_UNANSWERED" }]);
    expect([said, written]).toEqual([[], []]);
  });

  test("leaves the halt of a panic that came in meanwhile, and has it written again", async () => {
    const { book, said, remove } = stage(async (open) => {
      await accept(open);
      return 77;
    });
    const reply = await remove();
    expect([reply.status, await reply.json()]).toEqual([409, { code: "PANIC_MEANWHILE" }]);
    expect([said, book.memory.halted]).toEqual([["halt again"], true]);
  });
});
