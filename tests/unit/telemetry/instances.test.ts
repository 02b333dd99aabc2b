import { expect, test } from "bun:test";
import { keysOf } from "../../../lib/contract/keys.ts";
import { BEATING_ROLES, instancesCollector } from "../../../lib/telemetry/collectors/instances.ts";
import { Replies } from "../../../lib/telemetry/replies.ts";
import { KERNEL_LIMITS } from "../../support/kernel-limits.ts";

const INPUT = {
  ...{ keys: keysOf(""), nowMs: 0, connectedSinceMs: 0, instances: [] },
  limits: KERNEL_LIMITS,
};

test("of many names that a role ever had, the last ones are followed", () => {
  const names = Array.from({ length: 40 }, (_, at) => `host-${at}`);
  const fields = [
    "decisions",
    "7",
    ...names.flatMap((name) => [`restarts:${name}`, "1"]),
    "held:COOLDOWN",
    "2",
  ];
  const answers = BEATING_ROLES.map((role) => (role === "execution" ? fields : []));
  const { starts } = instancesCollector.decode(new Replies(answers), INPUT, undefined);
  expect(starts.map(({ instance }) => instance)).toEqual(names.slice(24));
});
