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

test("a stream that holds nothing lacks no group", async () => {
  await using desk = await openExporterDesk();
  await desk.write("XADD", KEYS.intentStream, "1-1", "data", "{}");
  await desk.write("XDEL", KEYS.intentStream, "1-1");
  await desk.sampler.sample();
  expect(await desk.lines(`quantum_stream_length{stream="${KEYS.intentStream}"`)).toHaveLength(1);
  expect(await desk.lines(`quantum_stream_group_lag_unknown{stream="${KEYS.intentStream}"`)).toEqual([]);
});

test("a role's credentials are refused when one of its instances says so, whatever another says", async () => {
  await using desk = await openExporterDesk();
  for (const [instance, said] of [
    ["a", "refused"],
    ["b", "ok"],
  ] as const) {
    await desk.write("HSET", `${KEYS.statsPrefix}execution`, `restarts:${instance}`, "1");
    const beat = ["boot_id", "b", "last_beat", "1", "credentials", said];
    await desk.write("HSET", `${KEYS.rolePrefix}execution:${instance}`, ...beat);
  }
  await desk.sampler.sample();
  expect(await desk.lines("quantum_exchange_credentials_ok")).toEqual([
    'quantum_exchange_credentials_ok{role="execution"} 0',
  ]);
});

test("an intent stream that begins anew has no rate, and none below zero", async () => {
  await using desk = await openExporterDesk();
  for (let n = 0; n < 3; n += 1) await desk.write("XADD", KEYS.intentStream, "*", "data", "{}");
  await desk.sampler.sample();
  await desk.write("DEL", KEYS.intentStream);
  desk.advance(2000);
  await desk.sampler.sample();
  expect(await desk.lines("quantum_trade_intent_rate_per_min ")).toEqual([]);
});

test("how long a position has been without its stop is told in seconds", async () => {
  await using desk = await openExporterDesk();
  const sinceMs = desk.redis.serverNowMs() - 5000;
  await desk.write("ZADD", KEYS.stopsMissing, String(sinceMs), `${KEYS.positionPlanPrefix}BTCUSDT`);
  await desk.sampler.sample();
  const [line = ""] = await desk.lines("quantum_positions_without_stop_oldest_age_seconds ");
  expect(Number(line.split(" ")[1])).toBeWithin(5, 60);
});

test("a collector that failed is well again when it understands", async () => {
  await using desk = await openExporterDesk();
  const success = async () => {
    await desk.sampler.sample();
    return (await desk.lines('quantum_telemetry_collector_success{collector="faults"}'))[0]?.split(" ")[1];
  };
  await desk.write("SET", KEYS.faultStream, "x");
  expect(await success()).toBe("0");
  await desk.write("DEL", KEYS.faultStream);
  expect(await success()).toBe("1");
});
