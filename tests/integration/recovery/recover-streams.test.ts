import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { GROUPS } from "../../../lib/contract/groups.ts";
import { reportAlarms } from "../../../lib/recovery/report.ts";
import { groupOf, type RecoveryBench, startRecoveryBench } from "../../support/recovery-bench.ts";

let bench: RecoveryBench;
beforeAll(async () => {
  bench = await startRecoveryBench();
});
afterAll(() => bench[Symbol.asyncDispose]());
beforeEach(() => bench.reset());

const run = (...command: string[]) => bench.run(...command);
const entry = (n: number) => ["data", JSON.stringify({ symbol: "ETHUSDT", action: "CLOSE", ts_ms: n })];
const entries = (count: number) => Array.from({ length: count }, (_, at) => entry(at + 1));
const consumers = async (stream = bench.keys.intentStream, group: string = GROUPS.executionIntents) =>
  JSON.stringify(await run("XINFO", "CONSUMERS", stream, group));

describe("groups", () => {
  test("that are missing are made from the beginning, and it is an alarm", async () => {
    await run("XADD", bench.keys.decisionStream, "*", "n", "1");
    await run("XGROUP", "DESTROY", bench.keys.decisionStream, GROUPS.router);
    expect(groupOf(await bench.recover(), GROUPS.router)).toMatchObject({ created: true, lag: 1 });
    expect(groupOf(await bench.recover(), GROUPS.router).created).toBe(false);
  });

  test("of the emergency chain are left to their roles: a new one has panics to refuse", async () => {
    await run("XADD", bench.keys.panicStream, "*", "event_id", "e");
    await bench.recover();
    expect(await run("XINFO", "GROUPS", bench.keys.panicStream)).toEqual([]);
  });

  test("in a dry run are only said", async () => {
    await run("XGROUP", "DESTROY", bench.keys.decisionStream, GROUPS.router);
    expect(groupOf(await bench.recover({ mayChange: false }), GROUPS.router).created).toBe(true);
    expect(await run("XINFO", "GROUPS", bench.keys.decisionStream)).toEqual([]);
  });
});

describe("stale entries of a dead consumer", () => {
  test("go to a consumer that is alive, fresh ones and those of one that is alive stay", async () => {
    await bench.beat("execution", "b");
    await run("XGROUP", "CREATECONSUMER", bench.keys.intentStream, GROUPS.executionIntents, "execution-b");
    const own = await bench.leavePending("execution-b", entries(2));
    const stale = await bench.leavePending("execution-a", entries(3));
    const intents = { stream: bench.keys.intentStream, group: GROUPS.executionIntents };
    const fresh = await bench.leavePending("execution-a", entries(2), { ...intents, stale: false });
    const report = groupOf(await bench.recover(), GROUPS.executionIntents);
    expect(report).toMatchObject({ claimed: 3, left: 0, pending: 7, alive: ["execution-b"] });
    expect(await bench.pendingOf("execution-b")).toEqual([...own, ...stale]);
    expect(await bench.pendingOf("execution-a")).toEqual([...fresh]);
  });

  test("of all three groups are taken over by the role that reads them", async () => {
    const { keys } = bench;
    await bench.beat("ai-strategy-router", "b");
    await bench.beat("execution", "b");
    const left = [
      { stream: keys.decisionStream, group: GROUPS.router, consumer: "router" },
      { stream: keys.intentStream, group: GROUPS.executionIntents, consumer: "execution" },
      { stream: keys.exitIntentStream, group: GROUPS.executionExits, consumer: "execution" },
    ];
    for (const one of left) {
      await run("XGROUP", "CREATECONSUMER", one.stream, one.group, `${one.consumer}-b`);
      await bench.leavePending(`${one.consumer}-1234`, entries(2), one);
    }
    await bench.recover();
    for (const one of left) expect(await bench.pendingOf(`${one.consumer}-b`, one)).toHaveLength(2);
  });

  test("stay where they are when nobody is alive, and that is said", async () => {
    const stale = await bench.leavePending("execution-a", entries(3));
    await run("XGROUP", "CREATECONSUMER", bench.keys.intentStream, GROUPS.executionIntents, "execution-b");
    const report = await bench.recover();
    expect(groupOf(report, GROUPS.executionIntents)).toMatchObject({ claimed: 0, left: 3, alive: [] });
    expect(await bench.pendingOf("execution-a")).toEqual([...stale]);
  });

  test("are shared out among those that are alive, page by page", async () => {
    for (const instance of ["b", "c"]) {
      await bench.beat("execution", instance);
      const name = `execution-${instance}`;
      await run("XGROUP", "CREATECONSUMER", bench.keys.intentStream, GROUPS.executionIntents, name);
    }
    await bench.leavePending("execution-a", entries(450));
    expect(groupOf(await bench.recover(), GROUPS.executionIntents).claimed).toBe(450);
    expect(await bench.pendingOf("execution-a")).toEqual([]);
    for (const name of ["execution-b", "execution-c"])
      expect((await bench.pendingOf(name)).length).toBeGreaterThan(150);
  });

  test("that were deleted meanwhile are acknowledged and counted as lost", async () => {
    const [first = "", second = ""] = await bench.leavePending("execution-a", entries(2));
    await run("XDEL", bench.keys.intentStream, first);
    expect(groupOf(await bench.recover(), GROUPS.executionIntents)).toMatchObject({ lost: 1, left: 1 });
    expect(await bench.pendingOf("execution-a")).toEqual([second]);
  });

  test("are not touched in a dry run, which says what would be", async () => {
    await bench.beat("execution", "b");
    await run("XGROUP", "CREATECONSUMER", bench.keys.intentStream, GROUPS.executionIntents, "execution-b");
    const stale = await bench.leavePending("execution-a", [...entries(2), ["data", "not JSON"]]);
    await run("XDEL", bench.keys.intentStream, stale[0] ?? "");
    const report = groupOf(await bench.recover({ mayChange: false }), GROUPS.executionIntents);
    expect(report).toMatchObject({ claimed: 1, lost: 1, deadLetters: 1 });
    expect(await bench.pendingOf("execution-a")).toEqual([...stale]);
  });
});

describe("consumers", () => {
  test("are deleted only when they are idle, have nothing pending and are not alive", async () => {
    const { intentStream } = bench.keys;
    for (const name of ["execution-a", "execution-77", "busy", "execution-alive"]) {
      await run("XGROUP", "CREATECONSUMER", intentStream, GROUPS.executionIntents, name);
    }
    const intents = { stream: intentStream, group: GROUPS.executionIntents };
    await bench.leavePending("busy", entries(1), { ...intents, stale: false });
    await bench.beat("execution", "alive");
    expect(groupOf(await bench.recover(), GROUPS.executionIntents).zombies).toBe(0);
    const report = await bench.recover({ zombieIdleMs: 0, mayChange: false });
    expect(groupOf(report, GROUPS.executionIntents).zombies).toBe(2);
    expect(await consumers()).toContain("execution-77");
    const real = await bench.recover({ zombieIdleMs: 0 });
    expect(groupOf(real, GROUPS.executionIntents).zombies).toBe(2);
    const left = await consumers();
    for (const name of ["busy", "execution-alive"]) expect(left).toContain(`"${name}"`);
    for (const name of ["execution-a", "execution-77"]) expect(left).not.toContain(`"${name}"`);
  });
});

describe("in LIVE without permission", () => {
  test("nothing is claimed, put aside or deleted, and streams are trimmed all the same", async () => {
    await bench.beat("execution", "b");
    for (const name of ["execution-b", "zombie"]) {
      await run("XGROUP", "CREATECONSUMER", bench.keys.intentStream, GROUPS.executionIntents, name);
    }
    const stale = await bench.leavePending("execution-a", [...entries(2), ["data", "not JSON"]]);
    for (let n = 0; n < 1010; n += 1) await run("XADD", bench.keys.faultStream, "*", "n", String(n));
    const report = await bench.recover({ mayMove: false, zombieIdleMs: 0 });
    expect(groupOf(report, GROUPS.executionIntents)).toMatchObject({
      ...{ claimed: 0, left: 3, deadLetters: 0, zombies: 0 },
    });
    expect(await bench.pendingOf("execution-a")).toEqual([...stale]);
    expect(await consumers()).toContain("zombie");
    expect(await run("XLEN", bench.keys.faultStream)).toBe(1000);
  });
});

describe("retention", () => {
  test("never goes past what a group of the contract needs; a stranger's group holds nothing and is said", async () => {
    const { keys } = bench;
    const script = "for i = 1, 10050 do redis.call('XADD', KEYS[1], i .. '-0', 'n', i) end";
    await run("EVAL", script, "1", keys.decisionStream);
    await run("XGROUP", "CREATE", keys.decisionStream, "stranger", "0");
    await run(
      "XREADGROUP",
      "GROUP",
      GROUPS.router,
      "router-a",
      "COUNT",
      "30",
      "STREAMS",
      keys.decisionStream,
      ">",
    );
    const report = await bench.recover();
    expect(await run("XLEN", keys.decisionStream)).toBe(10_050);
    expect(report.streams.find(({ stream }) => stream === keys.decisionStream)).toMatchObject({
      ...{ strangers: ["stranger"], trimmed: 0 },
    });
    const ids = Array.from({ length: 30 }, (_, at) => `${at + 1}-0`);
    await run("XACK", keys.decisionStream, GROUPS.router, ...ids);
    await bench.recover();
    expect(await run("XLEN", keys.decisionStream)).toBe(10_020);
  });

  test("bounds the completions, and waits for the audit logger", async () => {
    const { panicCompletedStream: completions } = bench.keys;
    const script = "for i = 1, 100010 do redis.call('XADD', KEYS[1], i .. '-0', 'n', i) end";
    await run("EVAL", script, "1", completions);
    await run("XGROUP", "CREATE", completions, GROUPS.auditLogger, "4-0");
    await bench.recover();
    expect(await run("XLEN", completions)).toBe(100_006);
    await run("XGROUP", "SETID", completions, GROUPS.auditLogger, "$");
    await bench.recover();
    expect(await run("XLEN", completions)).toBe(100_000);
  });

  test("holds for a result stream of another name, too", async () => {
    const script = "for i = 1, 100010 do redis.call('XADD', KEYS[1], i .. '-0', 'n', i) end";
    await run("EVAL", script, "1", "results:old");
    const streams = { canonical: bench.keys.resultStream, legacy: "results:old" };
    await bench.recover({ streams });
    expect(await run("XLEN", "results:old")).toBe(100_000);
  });
});

describe("what was trimmed unread", () => {
  const { executionIntents: group } = GROUPS;
  const append = async (count: number) => {
    for (let n = 0; n < count; n += 1) await run("XADD", bench.keys.intentStream, "*", ...entry(n));
  };
  const read = (count: number) => {
    const page = ["COUNT", String(count), "STREAMS", bench.keys.intentStream, ">"];
    return run("XREADGROUP", "GROUP", group, "execution-a", ...page);
  };
  const unread = async () => groupOf(await bench.recover(), group).trimmedUnread;

  test("is told at the gap that it left; later it is the exporter's to say", async () => {
    await append(20);
    await read(5);
    expect(await unread()).toBe(0);
    await run("XTRIM", bench.keys.intentStream, "MAXLEN", "8");
    expect(await unread()).toBe(7);
    await read(3);
    expect(await unread()).toBe("unknown");
    await read(5);
    expect(await unread()).toBe("unknown");
  });

  test.each([
    { where: "at the end", read: 20, lag: 0 },
    { where: "within", read: 12, lag: 20 },
  ])("is not what a restarted Redis counts too much, $where", async ({ read: delivered, lag }) => {
    await append(20);
    await read(delivered);
    const groups = JSON.stringify(await run("XINFO", "GROUPS", bench.keys.intentStream));
    const last = /"last-delivered-id","([\d-]+)"/.exec(groups)?.[1] ?? "";
    // As Redis 7.0 has it after a restart: read was what was read at the last rewrite of its append-only file.
    await run("XGROUP", "SETID", bench.keys.intentStream, group, last, "ENTRIESREAD", "0");
    const report = await bench.recover();
    expect(groupOf(report, group)).toMatchObject({ lag, trimmedUnread: "unknown" });
    expect(reportAlarms(report)).toEqual([]);
  });

  test("is unknown where Redis does not know the lag", async () => {
    await append(5);
    await read(1);
    const reply = JSON.stringify(await run("XRANGE", bench.keys.intentStream, "-", "+"));
    const ids = [...reply.matchAll(/"(\d+-\d+)"/g)].map((match) => match[1] ?? "");
    await run("XDEL", bench.keys.intentStream, ids[3] ?? "");
    const report = groupOf(await bench.recover(), group);
    expect(report).toMatchObject({ lag: "unknown", trimmedUnread: "unknown" });
  });
});

test("a key that is no stream is a problem of its own, and nothing else waits for it", async () => {
  await run("DEL", bench.keys.decisionStream);
  await run("SET", bench.keys.decisionStream, "text");
  await bench.leavePending("execution-a", entries(2));
  const report = await bench.recover();
  expect(report.problems.filter((one) => one.includes(bench.keys.decisionStream))).not.toEqual([]);
  expect(groupOf(report, GROUPS.executionIntents).left).toBe(2);
});

test("a second run finds nothing more to do", async () => {
  await bench.beat("execution", "b");
  await run("XGROUP", "CREATECONSUMER", bench.keys.intentStream, GROUPS.executionIntents, "execution-b");
  await bench.leavePending("execution-a", [...entries(5), ["data", "not JSON"]]);
  await bench.recover({ zombieIdleMs: 0 });
  const again = groupOf(await bench.recover(), GROUPS.executionIntents);
  expect(again).toMatchObject({ claimed: 0, left: 0, lost: 0, deadLetters: 0 });
});
