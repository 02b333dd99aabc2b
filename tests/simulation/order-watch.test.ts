import { describe, expect, test } from "bun:test";
import { keysOf } from "../../lib/contract/keys.ts";
import { Findings } from "./watch/findings.ts";
import { IntentBook } from "./watch/intent-book.ts";
import { OrderWatch } from "./watch/order-watch.ts";

/** One intent before an order watch: what is submitted at which time, what Redis forgets, what the venue executes. */
function intentWatched() {
  const findings = new Findings(() => ({ step: 0, atMs: 0 }));
  let nowUs = 0;
  const clocks = { nowMs: () => nowUs / 1000, nowUs: () => nowUs };
  const redis = { look: () => null };
  const book = new IntentBook({
    ...{ redis, keys: keysOf(""), findings, ...clocks },
    onBooked: () => undefined,
  });
  book.byId.set("i", [
    {
      ...{ intentId: "i", kind: "entry", symbol: "BTCUSDT", decidedAtMs: 0, stream: "s", entryId: "1-1" },
      ...{ action: "BUY", publishedAtMs: 0, publishedAtUs: 0, epoch: 0 },
    },
  ]);
  const limits = { intentAgeMsMax: 60_000, recvWindowMs: 2000, tradesMax: 100, holdMsMin: 0 };
  const watch = new OrderWatch({ findings, book, limits, nowUs: clocks.nowUs });
  return {
    submitted: (name: string, atUs: number) => {
      nowUs = atUs;
      const args = ["i", "owner", "entry", "1", "i-1", "BTCUSDT", String(atUs)];
      watch.after(["FCALL", name, "1", "key", "deadline", ...args], ["SUBMITTING", ""]);
    },
    forgottenSince: (us: number) => watch.rolledBack(us),
    executed: (signedUs: number) => {
      const order = {
        ...{ symbol: "BTCUSDT", clientOrderId: "i-1", intentId: "i", attempt: "1", timestampMs: signedUs },
        ...{ side: "BUY", positionSide: "BOTH", quantity: 1, reduces: false },
      };
      const body = JSON.stringify({ executedQty: "1", status: "FILLED" });
      watch.served(order, { status: 200, headers: {}, body }, nowUs / 1000);
    },
    found: () => findings.all.map(({ what }) => what),
  };
}

describe.each(["begin_v1", "submit_v1"])("an entry that was submitted by %s", (name) => {
  test("may be executed once more for a submission that Redis forgot, whichever arrives first", () => {
    for (const order of [
      [10, 30],
      [30, 10],
    ]) {
      const intent = intentWatched();
      intent.submitted(name, 10);
      intent.forgottenSince(5);
      intent.submitted(name, 30);
      for (const signedUs of order) intent.executed(signedUs);
      expect(intent.found()).toEqual([]);
    }
  });

  test("may not be executed a third time for one that was forgotten", () => {
    const intent = intentWatched();
    intent.submitted(name, 10);
    intent.forgottenSince(5);
    for (const atUs of [30, 50]) intent.submitted(name, atUs);
    for (const signedUs of [10, 30]) intent.executed(signedUs);
    expect(intent.found()).toEqual([]);
    intent.executed(50);
    expect(intent.found()).toEqual(["intent i was executed as i-1 10, i-1 30 and i-1 50"]);
  });

  test("may not be executed twice when Redis forgot what came after its submission", () => {
    const intent = intentWatched();
    intent.submitted(name, 10);
    intent.forgottenSince(20);
    intent.submitted(name, 30);
    for (const signedUs of [10, 30]) intent.executed(signedUs);
    expect(intent.found()).toEqual(["intent i was executed as i-1 10 and i-1 30"]);
  });
});
