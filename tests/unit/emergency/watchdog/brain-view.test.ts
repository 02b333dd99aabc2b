import { describe, expect, test } from "bun:test";
import { heartbeatSchema } from "../../../../lib/contract/heartbeat.ts";
import {
  afterBeat,
  afterFoundBeat,
  markOf,
  unseenBrain,
} from "../../../../lib/emergency/watchdog/brain-view.ts";
import { beat, brainAfter } from "./watching.ts";

describe("only progress is a sign of life", () => {
  const view = brainAfter([1000, beat(7)]);

  test.each([
    ["the same sequence number again", beat(7, { ts: 99 })],
    ["an older one", beat(6, { ts: 99 })],
  ])("%s changes nothing", (_, again) => {
    expect(afterBeat(view, again, 2000)).toBe(view);
  });

  test("a dead instance's beats do not come back to life behind the next instance", () => {
    const next = afterBeat(view, beat(1, { instanceId: "b" }), 2000);
    expect(afterBeat(next, beat(7), 3000)).toBe(next);
    expect(afterBeat(next, beat(2, { instanceId: "b" }), 3000).receivedMs).toBe(3000);
  });

  test("beats of the earlier system, without instance and sequence, count when their timestamp moves", () => {
    const fields = { service_id: "exit_brain", status: "OK", active_positions: "1", last_decision_ts: "5" };
    const times = { latency_ms: "1", loop_cycle_ms: "1", ts: "100" };
    const old = markOf(heartbeatSchema.parse({ ...fields, ...times }));
    expect(old).toEqual({ instanceId: "", seq: 0, status: "ALIVE", lastDecisionTs: 5, ts: 100 });
    const seen = afterBeat(unseenBrain(0, undefined), old, 10);
    expect(afterBeat(seen, old, 20)).toBe(seen);
    expect(afterBeat(seen, { ...old, ts: 101 }, 20).receivedMs).toBe(20);
    expect(seen.unannouncedMs).toEqual([]);
  });

  test("neither timestamp nor decision time of the sender is compared with our clock", () => {
    const hourAhead = beat(1, { ts: 3_600_000 + 1e12, lastDecisionTs: 3_600_000 + 1e12 });
    const hourBehind = beat(1, { ts: 1e12 - 3_600_000, lastDecisionTs: 1e12 - 3_600_000 });
    const ages = [hourAhead, hourBehind].map((mark) => {
      const { receivedMs, decidedMs } = brainAfter([500, mark]);
      return { receivedMs, decidedMs };
    });
    expect(ages).toEqual([
      { receivedMs: 500, decidedMs: 500 },
      { receivedMs: 500, decidedMs: 500 },
    ]);
  });
});

test("a beat that was found identifies the brain and is no receipt", () => {
  const view = afterFoundBeat(unseenBrain(0, undefined), beat(3));
  expect(view).toMatchObject({ last: beat(3), receivedMs: undefined, fresh: false });
  expect(afterBeat(view, beat(3), 100)).toBe(view);
});

test("the first instance received is no new instance, and an instance counts as new once", () => {
  const view = brainAfter(
    [0, beat(5)],
    [1000, beat(1, { instanceId: "b" })],
    [2000, beat(6)],
    [3000, beat(2, { instanceId: "b" })],
  );
  expect(view.unannouncedMs).toEqual([1000]);
  expect(afterBeat(unseenBrain(0, beat(9)), beat(1, { instanceId: "b" }), 10).unannouncedMs).toEqual([]);
});

test("what is remembered of instances is bounded", () => {
  let view = unseenBrain(0, undefined);
  for (let at = 0; at < 1000; at += 1) view = afterBeat(view, beat(1, { instanceId: `i${at}` }), at);
  expect(view.instances.length).toBe(16);
  expect(view.unannouncedMs.length).toBe(3);
});
