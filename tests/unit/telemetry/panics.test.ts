import { describe, expect, test } from "bun:test";
import { keysOf } from "../../../lib/contract/keys.ts";
import { RedisReplyError } from "../../../lib/redis/redis-errors.ts";
import { panicsCollector } from "../../../lib/telemetry/collectors/panics.ts";
import { type Answer, Replies } from "../../../lib/telemetry/replies.ts";
import { KERNEL_LIMITS } from "../../support/kernel-limits.ts";

const PANIC = "3f0b7a52-1a52-4c0e-9d6c-0d9f0f6f3a11";
const NOW_MS = 100_000;
const INPUT = {
  ...{ keys: keysOf(""), nowMs: NOW_MS, connectedSinceMs: 0, instances: [] },
  limits: KERNEL_LIMITS,
};

const panicAt = (id: string, eventId: string) => [
  id,
  ["event_id", eventId, "reason", "TEST", "severity", "CRITICAL", "issued_by", "ops", "ts", "1"],
];

/** The collector's state where one panic stands in the stream, under `id`. */
function stateOf(id: string, found: { readonly state: Answer; readonly completions?: Answer }) {
  const answers = [[panicAt(id, PANIC)], found.completions ?? [], found.state];
  return panicsCollector.decode(new Replies(answers), INPUT, undefined);
}

describe("a panic that did not end is", () => {
  test.each<[string, boolean, string, Answer]>([
    ["open while nobody has cleared a halt", true, "1000-0", [null, null]],
    ["answered by a clearing at its own entry", false, "1000-2", ["1000-2", "1000"]],
    ["answered by a clearing whose time a later halt took away", false, "1000-2", ["1000-2", null]],
    ["open when it came after the clearing, whatever the clocks say", true, "1000-3", ["1000-2", "99000"]],
    ["answered when it came before, whatever the clocks say", false, "1000-2", ["1000-3", "1"]],
    ["open when its number is the greater one, though not as text", true, "1000-10", ["1000-9", "99000"]],
    ["answered by the time of a clearing that left no more than that", false, "1000-0", [null, "1000"]],
    ["open when it is younger than such a clearing", true, "1001-0", [null, "1000"]],
    ["open where the clearing's entry is no id", true, "1000-0", ["yesterday", "99000"]],
    ["open where the state is unreadable", true, "1000-0", new RedisReplyError("WRONGTYPE not a hash")],
  ])("%s", (_name, open, id, state) => {
    const { panics, openAgeSec } = stateOf(id, { state });
    expect(panics.map((panic) => panic.open)).toEqual([open]);
    expect(openAgeSec > 0).toBe(open);
  });

  test("open also when an issuer that repeats itself has pushed it out of what is read", () => {
    const repeated = Array.from({ length: 50 }, (_, at) => panicAt(`${90_000 - at}-0`, crypto.randomUUID()));
    const read = (events: Answer, completions: Answer, before: ReturnType<typeof stateOf> | undefined) =>
      panicsCollector.decode(new Replies([events, completions, [null, null]]), INPUT, before);
    const began = stateOf("1000-0", { state: [null, null] });
    const flooded = read(repeated, [], began);
    expect(flooded.openAgeSec).toBe(99);
    const later = read(repeated, [], flooded);
    expect(later).toEqual(flooded);
    const flat = ["2000-0", ["event_id", PANIC, "status", "flat"]];
    expect(read(repeated, [flat], later).openAgeSec).toBeLessThan(20);
    // Nothing pushed it out of a stream that holds less than is read: that is another stream.
    expect(read([], [], later)).toMatchObject({ panics: [], openAgeSec: 0 });
  });

  test("not open once the worker recorded it as older than its installation", () => {
    const refused = ["event_id", PANIC, "status", "refused", "detail", "BEFORE_INSTALL"];
    const state = stateOf("1000-0", { state: [null, null], completions: [["2000-0", refused]] });
    expect(state).toMatchObject({ panics: [{ status: "refused", open: false }], openAgeSec: 0 });
  });
});
