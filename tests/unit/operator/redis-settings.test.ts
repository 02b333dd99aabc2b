import { expect, test } from "bun:test";
import { redisSettings } from "../../../lib/operator/doctor/redis-checks.ts";

const GOOD = {
  "maxmemory-policy": "noeviction",
  appendonly: "yes",
  appendfsync: "always",
  save: "",
  "stop-writes-on-bgsave-error": "no",
};

test.each([
  ["off", {}, "ok", /record/],
  ["off, whatever follows a failed one", { "stop-writes-on-bgsave-error": "yes" }, "ok", /record/],
  ["on, and a failed one stops nothing", { save: "3600 1" }, "warning", /save 3600 1/],
  [
    "on, and a failed one refuses every write",
    { save: "3600 1", "stop-writes-on-bgsave-error": "yes" },
    "fault",
    /MISCONF/,
  ],
] as const)("snapshots %s", async (_what, changed, verdict, what) => {
  const settings = new Map<string, string>(Object.entries({ ...GOOD, ...changed }));
  const redis = {
    command: async (args: readonly string[]) => [args[2] ?? "", settings.get(args[2] ?? "") ?? ""],
  };
  const findings = await redisSettings({ redis });
  const found = findings.find(({ check }) => check === "redis snapshots");
  expect(found?.verdict).toBe(verdict);
  expect(found?.what).toMatch(what);
});
