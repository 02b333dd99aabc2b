import { expect, test } from "bun:test";
import { GROUPS } from "../../../lib/contract/groups.ts";
import { type ExporterDesk, KEYS, openExporterDesk } from "./exporter-desk.ts";

const HOUR_MS = 3_600_000;

async function lastHour(desk: ExporterDesk): Promise<string | undefined> {
  await desk.sampler.sample();
  return (await desk.lines("quantum_safety_faults_last_1h "))[0]?.split(" ")[1];
}

/** Fault events that were written `agoMs` ago by the server's clock. */
async function faultsOf(desk: ExporterDesk, agoMs: number, count: number): Promise<void> {
  const atMs = desk.redis.serverNowMs() - agoMs;
  for (let n = 0; n < count; n += 1)
    await desk.write("XADD", KEYS.faultStream, `${atMs}-${n + 1}`, "reason", "x", "symbol", "BTCUSDT");
}

test("the faults of the last hour: the old ones are read once, the new ones are added, those past the hour go", async () => {
  await using desk = await openExporterDesk();
  await faultsOf(desk, HOUR_MS + 60_000, 3);
  await faultsOf(desk, HOUR_MS - 60_000, 2);
  await faultsOf(desk, 60_000, 4);
  expect(await lastHour(desk)).toBe("6");
  desk.sent();
  await faultsOf(desk, 1000, 5);
  expect(await lastHour(desk)).toBe("11");
  const read = desk.sent().commands.filter(([name, key]) => name === "XREVRANGE" && key === KEYS.faultStream);
  expect(read.map(([, , , from]) => from?.startsWith("(") || from === "-")).toEqual([true, true]);
  desk.advance(60_000);
  expect(await lastHour(desk)).toBe("9");
});

test("the faults of the last hour: what is trimmed is gone, and an emptied Redis begins anew", async () => {
  await using desk = await openExporterDesk();
  await faultsOf(desk, 60_000, 4);
  await faultsOf(desk, 1000, 5);
  expect(await lastHour(desk)).toBe("9");
  await desk.write("XTRIM", KEYS.faultStream, "MAXLEN", "5");
  expect(await lastHour(desk)).toBe("5");
  await desk.write("DEL", KEYS.faultStream);
  expect(await lastHour(desk)).toBe("0");
  await faultsOf(desk, 30_000, 15);
  expect(await lastHour(desk)).toBe("15");
  await faultsOf(desk, 2000, 1);
  expect(await lastHour(desk)).toBe("16");
});

test("what several collectors want to know is asked once in a sample", async () => {
  await using desk = await openExporterDesk();
  await desk.sampler.sample();
  const commands = desk.sent().commands.map((command) => command.join(" "));
  expect(commands.length).toBe(new Set(commands).size);
});

test("strangers' groups, however many, do not push out those of the contract", async () => {
  await using desk = await openExporterDesk();
  await desk.write("XADD", KEYS.intentStream, "*", "data", "{}");
  for (let n = 0; n < 12; n += 1) await desk.write("XGROUP", "CREATE", KEYS.intentStream, `a${n}`, "0");
  await desk.write("XGROUP", "CREATE", KEYS.intentStream, GROUPS.executionIntents, "0");
  await desk.sampler.sample();
  const lag = await desk.lines(`quantum_stream_group_lag{stream="${KEYS.intentStream}"`);
  expect(lag.length).toBe(8);
  expect(lag.filter((line) => line.includes(GROUPS.executionIntents))).toHaveLength(1);
  const unknown = await desk.lines(`quantum_stream_group_lag_unknown{stream="${KEYS.intentStream}"`);
  expect(unknown.filter((line) => line.endsWith(" 1"))).toEqual([]);
});

test("entries that are no heartbeat do not hide that the exit brain is silent", async () => {
  await using desk = await openExporterDesk();
  const status = async () => {
    await desk.sampler.sample();
    return desk.collectors.heartbeat.latest;
  };
  await desk.beat();
  const good = await status();
  await desk.write("XADD", KEYS.heartbeatStream, "*", "status", "ALIVE");
  expect(await status()).toMatchObject({ status: "ALIVE", atMs: good?.atMs });
  for (let n = 0; n < 10; n += 1) await desk.write("XADD", KEYS.heartbeatStream, "*", "hello", String(n));
  expect(await status()).toMatchObject({ status: "UNREADABLE" });
});

test.each([
  [[], "+Inf", "0"],
  [["ts", "1000"], "aged", "0"],
  [["ts", "1000", "failed_ts", "999"], "aged", "0"],
  [["ts", "1000", "failed_ts", "1001"], "aged", "1"],
  [["failed_ts", "1001"], "+Inf", "1"],
])("a drill's record %p: age %s, failed %s", async (fields, age, failed) => {
  await using desk = await openExporterDesk();
  if (fields.length > 0) await desk.write("HSET", KEYS.drillLast, ...fields);
  await desk.sampler.sample();
  const value = async (name: string) => (await desk.lines(`${name} `))[0]?.split(" ")[1];
  const shown = await value("quantum_drill_age_seconds");
  expect(shown === "+Inf" ? shown : "aged").toBe(age);
  if (shown !== "+Inf") expect(Number(shown)).toBeGreaterThan(1e9);
  expect(await value("quantum_drill_failed")).toBe(failed);
});

test("a reason that never occurred reads 0, so that its first burst is an increase", async () => {
  await using desk = await openExporterDesk();
  await desk.sampler.sample();
  for (const line of [
    'quantum_denials_total{role="ai-strategy-router",reason="INVALID"} 0',
    'quantum_orders_total{outcome="rejected"} 0',
    "quantum_safety_fault_events_total 0",
    "quantum_fail_open_total 0",
  ])
    expect(await desk.lines(line)).toEqual([line]);
});
