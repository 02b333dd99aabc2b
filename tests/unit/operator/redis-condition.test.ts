import { expect, test } from "bun:test";
import { redisCondition } from "../../../lib/operator/doctor/redis-checks.ts";

const GOOD = {
  ...{ used_memory: "10", maxmemory: "100", role: "master" },
  ...{ aof_last_write_status: "ok", aof_last_bgrewrite_status: "ok" },
};

test.each([
  ["redis memory", {}, "ok"],
  ["redis memory", { used_memory: "91" }, "fault"],
  ["redis memory", { maxmemory: "0" }, "ok"],
  ["redis disk", {}, "ok"],
  ["redis disk", { aof_last_write_status: "err" }, "fault"],
  ["redis disk", { aof_last_bgrewrite_status: "err" }, "fault"],
  ["redis role", {}, "ok"],
  ["redis role", { role: "slave" }, "fault"],
] as const)("%s with %p: %s", async (check, changed, verdict) => {
  const lines = Object.entries({ ...GOOD, ...changed }).map(([name, value]) => `${name}:${value}`);
  const findings = await redisCondition({ redis: { command: async () => lines.join("\r\n") } });
  expect(findings.find((one) => one.check === check)?.verdict).toBe(verdict);
});
