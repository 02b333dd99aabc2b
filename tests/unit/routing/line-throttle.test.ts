import { expect, test } from "bun:test";
import type { LogLine } from "../../../lib/routing/admission-log.ts";
import { LineThrottle } from "../../../lib/routing/line-throttle.ts";

const line = (reason: string, level: LogLine["level"] = "info"): LogLine => ({
  level,
  message: `[SAFETY] BLOCKED | reason=${reason}`,
  fields: { reason },
});

test("of a flood twenty lines a second are written, and the next one says how many are missing", () => {
  let nowMs = 500;
  const throttle = new LineThrottle(() => nowMs);
  const written = Array.from({ length: 100 }, () => throttle.pass(line("EXPIRED"))).filter(Boolean);
  expect(written).toHaveLength(20);
  nowMs = 1000;
  expect(throttle.pass(line("EXPIRED"))?.fields).toEqual({ reason: "EXPIRED", left_out: 80 });
  expect(throttle.pass(line("EXPIRED"))?.fields).toEqual({ reason: "EXPIRED" });
});

test("another reason has its own share, and errors always pass", () => {
  const throttle = new LineThrottle(() => 0);
  for (let count = 0; count < 30; count += 1) throttle.pass(line("EXPIRED"));
  expect(throttle.pass(line("KILL_SWITCH"))).toBeDefined();
  for (let count = 0; count < 30; count += 1) expect(throttle.pass(line("EXPIRED", "error"))).toBeDefined();
});
