import { expect, test } from "bun:test";
import { keysOf } from "../../../../lib/contract/keys.ts";
import { watchHalt } from "../../../../lib/emergency/worker/halt-watch.ts";
import { openPanicBook } from "../../../../lib/emergency/worker/panic-book.ts";

/** What the watch says in five looks at a halt in Redis without a file. */
async function saidOf(put: () => void): Promise<readonly string[]> {
  const said: string[] = [];
  const stop = new AbortController();
  let looks = 0;
  const log = {
    ...{ debug: () => {}, info: () => {} },
    warn: (_: object, message: string) => void said.push(message),
    error: (_: object, message: string) => void said.push(message),
  };
  await watchHalt(
    {
      redis: { state: { kind: "ready", sinceMs: 0, lastError: undefined, refusal: undefined } },
      store: { haltReading: async () => ({ redis: "halted", clearedBy: "", panicRecorded: true }) },
      keys: keysOf(""),
      book: openPanicBook({ records: [], append: async () => true }),
      marker: { put, standing: () => "absent", take: () => {}, takeOwn: () => {} },
      executor: { running: () => undefined, runsLate: () => false, abandon: () => {} },
      clock: {
        ...{ nowMs: () => 0, monotonicMs: () => 0 },
        sleep: async () => {
          looks += 1;
          if (looks === 5) stop.abort();
        },
      },
      log,
    },
    stop.signal,
  );
  return said;
}

test("a halt file that the disk does not take is told of once, and never said to be put", async () => {
  const said = await saidOf(() => {
    throw new Error("ENOSPC: no space left on device, write");
  });
  expect(said).toEqual(["halt file and Redis could not be brought together"]);
});

test("one that is put is said to be", async () => {
  expect((await saidOf(() => {})).at(0)).toContain("it is put");
});
