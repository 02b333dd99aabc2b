import { expect, test } from "bun:test";
import { judgeUnits } from "../../../lib/operator/doctor/unit-states.ts";

/** One block as `systemctl show` prints it. */
function unit(name: string, change: Readonly<Record<string, string>> = {}): string {
  const properties = {
    ...{ Type: "notify", ExecMainStatus: "0", NRestarts: "0", Id: `quantum-${name}.service` },
    ...{ ActiveState: "active", SubState: "running", UnitFileState: "enabled", ...change },
  };
  return Object.entries(properties)
    .map(([key, value]) => `${key}=${value}`)
    .join("\n");
}

test("units that run, and oneshots that rest, are fine", () => {
  const shown = [
    unit("execution"),
    unit("stream-recover", { Type: "oneshot", ActiveState: "inactive" }),
  ].join("\n\n");
  expect(judgeUnits(shown)).toEqual([
    { check: "units", verdict: "ok", what: "2 loaded, none failed", hint: "" },
  ]);
});

test.each([
  ["fault", "configuration is wrong (78)", { ActiveState: "failed", ExecMainStatus: "78" }],
  ["fault", "positions OPEN (76)", { ActiveState: "failed", ExecMainStatus: "76" }],
  ["fault", "exit status 1", { ActiveState: "failed", ExecMainStatus: "1" }],
  ["fault", "again and again", { ActiveState: "activating", SubState: "auto-restart" }],
  ["warning", "not running", { ActiveState: "inactive", SubState: "dead" }],
] as const)("a %s: %s", (verdict, words, change) => {
  const [finding, ...more] = judgeUnits([unit("execution", change), unit("exit-brain")].join("\n\n"));
  expect(more).toEqual([]);
  expect(finding).toMatchObject({ check: "quantum-execution.service", verdict });
  expect(finding?.what).toContain(words);
  expect(finding?.hint).toContain("quantum-execution.service");
});

test("no unit at all is said", () => {
  expect(judgeUnits("\n")).toMatchObject([{ verdict: "warning", what: "none installed" }]);
});
