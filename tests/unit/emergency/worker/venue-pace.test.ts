import { describe, expect, test } from "bun:test";
import { createVenuePace } from "../../../../lib/emergency/worker/venue-pace.ts";
import { createRequestBudget } from "../../../../lib/exchange/request-budget.ts";

const ORDER = { weight: 0, orders: 1 } as const;

/** A budget of 30 orders per 10 s in a time that moves only when somebody sleeps. */
function paced(atOnceMax: number, signal = new AbortController().signal) {
  let nowMs = 0;
  const clock = {
    nowMs: () => nowMs,
    monotonicMs: () => nowMs,
    sleep: async (ms: number) => {
      await Bun.sleep(0);
      nowMs += ms / 20;
    },
  };
  const budget = createRequestBudget({ nowMs: () => nowMs, monotonicMs: () => nowMs, exitReservePct: 20 });
  budget.setLimits([{ counts: "orders", intervalMs: 10_000, max: 30, header: "x-orders" }]);
  const pace = createVenuePace({ venue: budget, clock, atOnceMax, signal, progress: () => {} });
  return { pace, budget, now: () => nowMs };
}

describe("a panic's requests", () => {
  test("never exceed the order limit, however long each takes between its turn and its sending", async () => {
    const { pace, budget, now } = paced(20);
    const sentIn = new Map<number, number>();
    const send = () =>
      pace.run(ORDER, async (sending) => {
        await Bun.sleep(1);
        sending();
        budget.spend(ORDER);
        const window = Math.floor(now() / 10_000);
        sentIn.set(window, (sentIn.get(window) ?? 0) + 1);
      });
    await Promise.all(Array.from({ length: 70 }, send));
    expect(Math.max(...sentIn.values())).toBeLessThanOrEqual(30);
    expect([...sentIn.values()].reduce((sum, count) => sum + count, 0)).toBe(70);
  });

  test("are at most so many at once", async () => {
    const { pace } = paced(7);
    let running = 0;
    let most = 0;
    const task = async () => {
      running += 1;
      most = Math.max(most, running);
      await Bun.sleep(1);
      running -= 1;
    };
    await Promise.all(Array.from({ length: 25 }, () => pace.run(ORDER, task)));
    expect(most).toBe(7);
  });

  test("that may wait, and hang, hold up no other", async () => {
    const { pace } = paced(4);
    const hang = () => pace.run({ weight: 1, orders: 0 }, () => new Promise<void>(() => {}), "may wait");
    for (let at = 0; at < 10; at += 1) void hang();
    const close = pace.run(ORDER, async () => "closed");
    expect(await Promise.race([close, Bun.sleep(100).then(() => "held up")])).toBe("closed");
  });

  test("that fail give their turn back", async () => {
    const { pace } = paced(1);
    const failing = pace.run(ORDER, async () => {
      throw new Error("no");
    });
    expect(failing).rejects.toThrow("no");
    await failing.catch(() => undefined);
    expect(await pace.run(ORDER, async () => "next")).toBe("next");
  });

  test("end without being made when the run is stopped", async () => {
    const stop = new AbortController();
    const { pace } = paced(1, stop.signal);
    stop.abort();
    expect(await pace.run(ORDER, async () => "made")).toBeUndefined();
  });

  test("that cost no orders do not wait for the order limit", async () => {
    const { pace, budget } = paced(20);
    for (let at = 0; at < 30; at += 1) budget.spend(ORDER);
    expect(await pace.run({ weight: 5, orders: 0 }, async () => "read")).toBe("read");
  });
});
