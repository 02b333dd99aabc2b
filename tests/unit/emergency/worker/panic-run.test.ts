import { describe, expect, test } from "bun:test";
import type { PanicEnd } from "../../../../lib/emergency/worker/panic-run.ts";
import type { PanicVenue } from "../../../../lib/emergency/worker/worker-parts.ts";
import type { Position, Reading } from "../../../../lib/exchange/exchange.ts";
import { HALT_WAIT_MS, ok, position, refusal, stage } from "./panic-run-stage.ts";

describe("a run", () => {
  test("believes flat only of a reading from orders on that began after the receive window and the positions' lag", async () => {
    const at = stage();
    expect(await at.run.untilEnd()).toBe("flat");
    const proof = at.asked.slice(-3);
    expect(proof.map(({ name }) => name)).toEqual(["conditional", "plain", "positions"]);
    expect((proof[0]?.atMs ?? 0) - at.startedMs).toBeGreaterThanOrEqual(HALT_WAIT_MS);
    expect(at.run.timeToFlatMs()).toBeLessThan(HALT_WAIT_MS);
  });

  test("measures a clock that is not known before it trusts it", async () => {
    const at = stage();
    at.setSkew(60_000);
    expect(await at.run.untilEnd()).toBe("flat");
    expect(at.asked[0]?.name).toBe("clock");
  });

  test("never ends by an exception: it is logged, and the round run again", async () => {
    let thrown = 0;
    const positions: PanicVenue["positions"] = async () => {
      thrown += 1;
      if (thrown <= 3) throw new Error("a bug");
      return ok([]);
    };
    const at = stage({ positions });
    expect(await at.run.untilEnd()).toBe("flat");
    expect(at.log.lines.filter(({ level }) => level === "error")).toHaveLength(3);
  });

  test("never says flat of positions it cannot read, and is late after 10 s", async () => {
    const outcome = refusal("HTTP_UNKNOWN", "NONE");
    let reads = 0;
    const positions: PanicVenue["positions"] = async () => {
      reads += 1;
      if (reads === 40) at.stop.abort();
      return { ok: false, outcome };
    };
    const at = stage({ positions });
    expect(await at.run.untilEnd()).toBe("stopped");
    expect([at.run.isLate(), at.run.view().openLegs]).toEqual([true, undefined]);
    expect(at.run.view().trouble).toContain("positions unreadable");
  });

  test("gives up on refused credentials, but not before it is late", async () => {
    const at = stage({ positions: async () => ok([position]) });
    expect(await at.run.untilEnd()).toBe("refused");
    expect(at.now() - at.startedMs).toBeGreaterThanOrEqual(10_000);
    const orders = [...at.panic.legs.values()].flatMap((leg) => leg.orders);
    expect(orders.length).toBeGreaterThan(1);
    expect(new Set(orders.map(({ clientOrderId }) => clientOrderId)).size).toBe(orders.length);
  });

  test.each<[string, Reading<readonly Position[]>, PanicEnd]>([
    ["goes on closing while the venue takes the same secret for reading", ok([position]), "stopped"],
    [
      "gives up where the venue takes it for nothing",
      { ok: false, outcome: refusal("CREDENTIALS", "STOP_ENTRIES", -1022) },
      "refused",
    ],
  ])("at a signature that is refused %s", async (_name, reading, end) => {
    let sent = 0;
    const at = stage({
      positions: async () => {
        sent += 1;
        if (sent === 60) at.stop.abort();
        return reading;
      },
      submitOrder: async () => ({
        ...{ phase: "rejected", retryable: false },
        outcome: refusal("CREDENTIALS", "STOP_ENTRIES", -1022),
      }),
    });
    expect(await at.run.untilEnd()).toBe(end);
    expect(at.run.isLate()).toBe(true);
  });

  test("waits half a second for a Redis that never takes the halt", async () => {
    const at = stage({}, () => new Promise(() => {}));
    expect(await at.run.untilEnd()).toBe("flat");
    expect((at.asked[0]?.atMs ?? 0) - at.startedMs).toBe(500);
  });
});

describe("a run that another panic joins", () => {
  /** Redis takes the first halt at once; a second panic joins in the reading that would have proved flat. */
  const joined = (taken: (at: ReturnType<typeof stage>) => void) => {
    let joinedMs = 0;
    const at = stage({
      positions: async () => {
        if (joinedMs === 0 && at.now() - at.startedMs >= HALT_WAIT_MS) {
          joinedMs = at.now();
          const event = {
            event_id: "q",
            reason: "R",
            severity: "CRITICAL",
            issued_by: "ops",
            ts: 1,
          } as const;
          void at.book.write({ type: "accepted", at_ms: joinedMs, event, via: "socket", joins: "p" });
          taken(at);
        }
        return ok([]);
      },
    });
    confirm(at);
    return { at, joinedMs: () => joinedMs };
  };
  const confirm = ({ book, now }: ReturnType<typeof stage>) =>
    void book.write({ type: "halt_confirmed", event_id: "p", at_ms: now() });

  test("waits anew for what may be under way when the halt had been cleared before", async () => {
    const { at, joinedMs } = joined((now) => {
      now.panic.haltsAnew += 1;
      confirm(now);
    });
    expect(await at.run.untilEnd()).toBe("flat");
    const proof = at.asked.at(-1);
    expect((proof?.atMs ?? 0) - joinedMs()).toBeGreaterThanOrEqual(HALT_WAIT_MS);
  });

  test("waits no second time while the halt stands", async () => {
    const { at, joinedMs } = joined(confirm);
    expect(await at.run.untilEnd()).toBe("flat");
    expect(at.now()).toBe(joinedMs());
  });

  test("waits half a second for a Redis that does not take its halt", async () => {
    const { at, joinedMs } = joined(() => undefined);
    expect(await at.run.untilEnd()).toBe("flat");
    expect(at.now() - joinedMs()).toBeGreaterThanOrEqual(500);
    expect(at.now() - joinedMs()).toBeLessThan(1000);
  });
});

test("an order in doubt that may still arrive keeps its position from being closed a second time", async () => {
  const sentAt: number[] = [];
  const at = stage({
    positions: async () => ok(sentAt.length < 2 ? [position] : []),
    submitOrder: async () => {
      sentAt.push(at.now());
      return { phase: "ambiguous", retryable: false, outcome: refusal("NO_REPLY", "QUERY_ORDER") };
    },
  });
  expect(await at.run.untilEnd()).toBe("flat");
  const [first = 0, second = 0, ...more] = sentAt;
  expect(more).toEqual([]);
  expect(second - first).toBeGreaterThan(2000);
});

test("an order is on disk before it is sent: a worker that dies in between knows of it", async () => {
  const onDisk: string[] = [];
  const known: boolean[] = [];
  const at = stage(
    {
      positions: async () => ok(known.length === 0 ? [position] : []),
      submitOrder: async () => {
        known.push(onDisk.includes("signed"));
        return { phase: "rejected", retryable: false, outcome: refusal("CREDENTIALS", "STOP_ENTRIES") };
      },
    },
    undefined,
    async ({ type }) => {
      await Bun.sleep(5);
      onDisk.push(type);
      return true;
    },
  );
  await at.run.untilEnd();
  expect(known).toEqual([true]);
});

test("a close that came too late for its receive window gets twice the window the next time", async () => {
  const windows: number[] = [];
  const at = stage({
    positions: async () => ok(windows.length < 3 ? [position] : []),
    submitOrder: async (_order, { recvWindowMs }) => {
      windows.push(recvWindowMs);
      return { phase: "rejected", retryable: true, outcome: refusal("CLOCK", "SYNC_CLOCK", -1021) };
    },
  });
  expect(await at.run.untilEnd()).toBe("flat");
  expect(windows).toEqual([2000, 4000, 8000]);
});
