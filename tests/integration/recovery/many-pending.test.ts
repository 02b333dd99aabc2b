import { afterAll, beforeAll, expect, test } from "bun:test";
import { GROUPS } from "../../../lib/contract/groups.ts";
import { deleteIdleConsumers } from "../../../lib/kernel/delete-idle-consumers.ts";
import { groupOf, type RecoveryBench, startRecoveryBench } from "../../support/recovery-bench.ts";

/** No call may keep Redis from its other clients for longer. */
const BUSY_MS_MAX = 10;
const MANY = 100_000;

let bench: RecoveryBench;
beforeAll(async () => {
  bench = await startRecoveryBench();
  await bench.reset();
});
afterAll(() => bench[Symbol.asyncDispose]());

const run = (...command: string[]) => bench.run(...command);

/** A machine that is busy may stall Redis in any call, but not in one of ten: pages that are too large all take too long. */
const STALLED_PART_MAX = 0.1;

/** Calls of server-side functions until now. */
async function functionCalls(): Promise<number> {
  return Number(/cmdstat_fcall:calls=(\d+)/.exec(String(await run("INFO", "commandstats")))?.[1] ?? 0);
}

/** The part of the calls of server-side functions meanwhile that took longer than the limit. */
async function slowPart(act: () => Promise<void>): Promise<number> {
  await run("SLOWLOG", "RESET");
  const before = await functionCalls();
  await act();
  const calls = (await functionCalls()) - before;
  expect(calls).toBeGreaterThan(10);
  return Number(await run("SLOWLOG", "LEN")) / calls;
}

test("100 000 pending entries of a dead consumer go over in pages; Redis is never busy for 10 ms", async () => {
  const { intentStream } = bench.keys;
  const group = GROUPS.executionIntents;
  const document = JSON.stringify({ symbol: "ETHUSDT", action: "CLOSE", ts_ms: 1, reason: "x".repeat(400) });
  const script = "for i = 1, ARGV[2] do redis.call('XADD', KEYS[1], '*', 'data', ARGV[1]) end";
  for (let at = 0; at < MANY; at += 10_000) {
    await run("EVAL", script, "1", intentStream, document, "10000");
    await run("XREADGROUP", "GROUP", group, "execution-a", "COUNT", "10000", "STREAMS", intentStream, ">");
  }
  await run("XGROUP", "CREATECONSUMER", intentStream, group, "execution-b");
  await bench.beat("execution", "b");
  await run("CONFIG", "SET", "slowlog-log-slower-than", String(BUSY_MS_MAX * 1000));
  await run("CONFIG", "SET", "slowlog-max-len", "100000");
  const claiming = await slowPart(async () => {
    const report = groupOf(await bench.recover({ staleIdleMs: 0 }), group);
    expect(report).toMatchObject({ claimed: MANY, left: 0, lost: 0 });
  });
  expect(claiming).toBeLessThan(STALLED_PART_MAX);
  const pending = JSON.stringify(await run("XPENDING", intentStream, group));
  expect(pending).toContain(`["execution-b","${MANY}"]`);
  // They are acknowledged, and the retention takes them: the trim goes in small calls, too.
  await run("XGROUP", "DESTROY", intentStream, group);
  await run("XGROUP", "CREATE", intentStream, group, "$");
  const trimming = await slowPart(async () => {
    await bench.recover();
  });
  expect(trimming).toBeLessThan(STALLED_PART_MAX);
  expect(await run("XLEN", intentStream)).toBe(10_000);
}, 300_000);

test("a consumer is deleted while entries are delivered to it, 1000 times: none is lost", async () => {
  const [stream, group, consumer] = ["race", "g", "zombie"];
  await run("XGROUP", "CREATE", stream, group, "0", "MKSTREAM");
  let deletions = 0;
  let deliveries = 0;
  for (let n = 1; n <= 1000; n += 1) {
    await run("XADD", stream, `${n}-0`, "n", String(n));
    const read = () => run("XREADGROUP", "GROUP", group, consumer, "COUNT", "1", "STREAMS", stream, ">");
    const remove = () =>
      deleteIdleConsumers(bench.redis, { stream, group, consumers: [consumer], idleMinMs: 0 });
    const [first, second] = n % 2 === 0 ? [read, remove] : [remove, read];
    const [one, two] = await Promise.all([first(), second()]);
    const [page, removed] = n % 2 === 0 ? [one, two] : [two, one];
    if (removed === 1) deletions += 1;
    if (page !== null) deliveries += 1;
    // Delivered is pending with somebody; nothing is in neither state.
    const [pending] = [await run("XPENDING", stream, group)].flat();
    expect(pending).toBe(1);
    await run("XACK", stream, group, `${n}-0`);
  }
  expect(deliveries).toBe(1000);
  expect(deletions).toBeGreaterThan(100);
});
