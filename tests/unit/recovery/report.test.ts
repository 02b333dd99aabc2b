import { expect, test } from "bun:test";
import { keysOf } from "../../../lib/contract/keys.ts";
import { instanceOf, recoveredGroups } from "../../../lib/recovery/recovered-groups.ts";
import {
  type GroupReport,
  type RecoveryReport,
  reportAlarms,
  reportTable,
} from "../../../lib/recovery/report.ts";

const QUIET: GroupReport = {
  ...{ stream: "s", group: "g", created: false, lag: 3, pending: 2, trimmedUnread: 0 },
  ...{ claimed: 0, left: 0, lost: 0, deadLetters: 0, zombies: 0, alive: ["a"] },
};

function report(group: Partial<GroupReport>, more: Partial<RecoveryReport> = {}): RecoveryReport {
  const streams = [{ stream: "s", trimmed: 0, strangers: [] }];
  const common = {
    mode: "PAPER",
    dryRun: false,
    refusedInLive: false,
    streams,
    problems: [],
    keptOut: false,
  };
  return { ...common, groups: [{ ...QUIET, ...group }], ...more };
}

test("a run that found nothing amiss alarms nobody", () => {
  expect(reportAlarms(report({ claimed: 7, zombies: 2, trimmedUnread: "unknown" }))).toEqual([]);
});

test.each<[Partial<GroupReport>, string]>([
  [{ created: true }, "s g: the group was missing"],
  [{ lost: 2 }, "s g: 2 entries were deleted while pending"],
  [{ lag: "unknown" }, "s g: lag unknown"],
  [{ trimmedUnread: 4 }, "s g: 4 entries were trimmed unread"],
  [{ deadLetters: 1 }, "s g: 1 entries are dead letters"],
  [{ left: 3 }, "s g: 3 stale entries left, no consumer is alive"],
])("%j is an alarm", (change, alarm) => {
  expect(reportAlarms(report(change))).toEqual([alarm]);
});

test("what LIVE refuses is said once for all, not as an alarm of every group", () => {
  expect(reportAlarms(report({ left: 3 }, { refusedInLive: true }))).toEqual([]);
});

test("a stranger's group and a stream that cannot be read are alarms", () => {
  const streams = [{ stream: "s", trimmed: 0, strangers: ["x", "y"] }];
  const alarms = reportAlarms(report({}, { streams, problems: ["t: WRONGTYPE"] }));
  expect(alarms).toEqual(["s: unknown groups x, y", "t: WRONGTYPE"]);
});

test("the table has a line a group, what was trimmed, and the alarms marked", () => {
  const streams = [{ stream: "s", trimmed: 12, strangers: [] }];
  const lines = reportTable(report({ lost: 1 }, { streams })).split("\n");
  expect(lines[0]).toBe("stream recovery (PAPER)");
  expect(lines[1]?.split(/\s+/)).toEqual([
    ...["stream", "group", "lag", "pending", "claimed", "left", "lost", "dead", "zombies", "unread"],
  ]);
  expect(lines[2]?.split(/\s+/)).toEqual(["s", "g", "3", "2", "0", "0", "1", "0", "0", "0"]);
  expect(lines.slice(3)).toEqual(["trimmed: 12 of s", "! s g: 1 entries were deleted while pending"]);
});

test("a dry run does not say that it trimmed", () => {
  const streams = [{ stream: "s", trimmed: 12, strangers: [] }];
  const table = reportTable(report({}, { streams, dryRun: true }));
  expect(table).toStartWith("dry run: nothing was changed (PAPER)");
  expect(table).toContain("beyond retention: 12 of s");
});

test.each([
  ["execution-vps-1", "vps-1"],
  ["execution-", undefined],
  ["router-a", undefined],
  ["execution", undefined],
])("consumer %s of execution is instance %p", (consumer, instance) => {
  expect(instanceOf("execution", consumer)).toBe(instance);
});

test("only intents may become dead letters by recovery, and panics are not its business", () => {
  const keys = keysOf("");
  const groups = recoveredGroups(keys);
  expect(groups.filter(({ deadLetters }) => deadLetters).map(({ stream }) => stream)).toEqual([
    keys.intentStream,
  ]);
  expect(groups.map(({ stream }) => stream)).not.toContain(keys.panicStream);
});
