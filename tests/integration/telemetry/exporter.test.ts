import { expect, test } from "bun:test";
import { CATALOGUE } from "../../../lib/telemetry/catalogue.ts";
import { waitUntil } from "../../support/wait-until.ts";
import { KEYS, openExporterDesk } from "./exporter-desk.ts";

const SECOND_MS = 1000;
const ROUTER = `${KEYS.statsPrefix}ai-strategy-router`;

test("before the first sample no value that is read from Redis is shown, so that no counter seems to jump", async () => {
  await using desk = await openExporterDesk();
  const sampled = Object.entries(CATALOGUE).filter(([, { source }]) => source === "sample");
  for (const [name] of sampled) {
    expect((await desk.lines(`${name}{`)).concat(await desk.lines(`${name} `))).toEqual([]);
  }
});

test("a sample is one round trip, and a second one only when a new instance is found", async () => {
  await using desk = await openExporterDesk();
  await desk.sampler.sample();
  expect(desk.sent().bursts).toBe(1);
  await desk.write("HSET", `${KEYS.statsPrefix}execution`, "restarts:vps-1", "4");
  const role = [
    "build",
    "1.0.0",
    "git",
    "abc",
    "boot_id",
    "b",
    "mode",
    "PAPER",
    "account",
    "f",
    "last_beat",
    "1",
  ];
  await desk.write("HSET", `${KEYS.rolePrefix}execution:vps-1`, ...role);
  await desk.sampler.sample();
  expect(desk.sent().bursts).toBe(2);
  expect(await desk.lines("quantum_role_up")).toContain('quantum_role_up{role="execution"} 1');
  expect(await desk.lines("quantum_role_build_info")).toEqual([
    'quantum_role_build_info{role="execution",role_instance="vps-1",version="1.0.0",git="abc"} 1',
  ]);
  await desk.sampler.sample();
  expect(desk.sent().bursts).toBe(1);
});

test("every command of a sample reads, and none of them walks over keys", async () => {
  await using desk = await openExporterDesk();
  await desk.sampler.sample();
  const names = new Set(desk.sent().commands.map(([name]) => name));
  const reading = ["GET", "PTTL", "HGETALL", "HGET", "HMGET", "XLEN", "XREVRANGE", "XINFO", "XPENDING"];
  reading.push("INFO", "ZCARD", "ZRANGE", "ZREVRANGE", "LRANGE");
  expect([...names].filter((name) => !reading.includes(name ?? ""))).toEqual([]);
});

test("safe mode, its countdown, and an operator's lock without an end", async () => {
  await using desk = await openExporterDesk();
  await desk.sampler.sample();
  const read = async () => [
    ...(await desk.lines("quantum_safety_safe_mode ")),
    ...(await desk.lines("quantum_safety_safe_mode_ttl_seconds ")),
  ];
  expect(await read()).toEqual(["quantum_safety_safe_mode 0", "quantum_safety_safe_mode_ttl_seconds -2"]);
  await desk.write("SET", KEYS.safeMode, "1", "EX", "300");
  await desk.sampler.sample();
  expect(await read()).toEqual(["quantum_safety_safe_mode 1", "quantum_safety_safe_mode_ttl_seconds 300"]);
  await desk.write("SET", KEYS.safeMode, "1");
  await desk.sampler.sample();
  expect(await read()).toEqual(["quantum_safety_safe_mode 1", "quantum_safety_safe_mode_ttl_seconds -1"]);
  await desk.write("SET", KEYS.safeMode, "0");
  await desk.sampler.sample();
  expect(await read()).toEqual(["quantum_safety_safe_mode 0", "quantum_safety_safe_mode_ttl_seconds -2"]);
});

test.each([
  [KEYS.safeMode, "quantum_safety_safe_mode 1"],
  [KEYS.kill, "quantum_kill_switch_engaged 1"],
])("%s of another type shows as the kernel takes it", async (key, line) => {
  await using desk = await openExporterDesk();
  await desk.write("LPUSH", key, "x");
  await desk.sampler.sample();
  expect(await desk.metrics()).toContain(`\n${line}\n`);
});

test("a halt of another type is a halt; an absent one is none", async () => {
  await using desk = await openExporterDesk();
  await desk.sampler.sample();
  expect(await desk.lines("quantum_trading_halted ")).toEqual(["quantum_trading_halted 0"]);
  await desk.write("SET", KEYS.tradingState, "x");
  await desk.sampler.sample();
  expect(await desk.lines("quantum_trading_halted ")).toEqual(["quantum_trading_halted 1"]);
});

test("a key of the wrong type fails its collector alone, keeps its values, and is said", async () => {
  await using desk = await openExporterDesk();
  await desk.fault("BTCUSDT");
  await desk.sampler.sample();
  await desk.write("DEL", KEYS.faultStream);
  await desk.write("SET", KEYS.faultStream, "x");
  await desk.write("SET", KEYS.kill, "0");
  expect(await desk.sampler.sample()).toBe(true);
  expect(await desk.lines("quantum_telemetry_collector_success")).toContain(
    'quantum_telemetry_collector_success{collector="faults"} 0',
  );
  expect(await desk.lines("quantum_kill_switch_engaged ")).toEqual(["quantum_kill_switch_engaged 0"]);
  expect(await desk.lines("quantum_safety_fault_stream_length ")).toEqual([
    "quantum_safety_fault_stream_length 1",
  ]);
  expect(desk.sampler.errors).toBeGreaterThan(0);
});

test("symbols that are no longer among the busiest leave nothing behind", async () => {
  await using desk = await openExporterDesk();
  const bucket = () => `${KEYS.rateSymbolsPrefix}${Math.floor(desk.redis.serverNowMs() / 10_000)}`;
  const fill = async (...scores: string[]) => {
    // The bucket may change between the writing and the reading: both are written.
    const next = `${KEYS.rateSymbolsPrefix}${Math.floor(desk.redis.serverNowMs() / 10_000) + 1}`;
    for (const key of [bucket(), next]) {
      await desk.write("DEL", key);
      await desk.write("ZADD", key, ...scores);
    }
    await desk.sampler.sample();
  };
  await fill("3", "BTCUSDT", "2", "ETHUSDT");
  expect(await desk.lines("quantum_safety_rate_symbol_top{")).toEqual([
    'quantum_safety_rate_symbol_top{rank="1",symbol="BTCUSDT"} 3',
    'quantum_safety_rate_symbol_top{rank="2",symbol="ETHUSDT"} 2',
  ]);
  await fill("1", "SOLUSDT");
  expect(await desk.lines("quantum_safety_rate_symbol_top{")).toEqual([
    'quantum_safety_rate_symbol_top{rank="1",symbol="SOLUSDT"} 1',
  ]);
  expect(await desk.lines("quantum_safety_rate_symbol_top5_info{")).toEqual([
    'quantum_safety_rate_symbol_top5_info{symbols="SOLUSDT"} 1',
  ]);
});

test("faults are counted on although their stream was trimmed", async () => {
  await using desk = await openExporterDesk();
  for (let n = 0; n < 3; n += 1) await desk.fault("BTCUSDT");
  await desk.write("XTRIM", KEYS.faultStream, "MAXLEN", "1");
  await desk.sampler.sample();
  expect(await desk.lines("quantum_safety_faults_total{")).toEqual([
    'quantum_safety_faults_total{symbol="BTCUSDT",reason="SYMBOL_RATE_EXCEEDED"} 3',
  ]);
  expect(await desk.lines("quantum_safety_fault_stream_length ")).toEqual([
    "quantum_safety_fault_stream_length 1",
  ]);
});

test("the intent rate comes from what was ever added, and there is none at the first look", async () => {
  await using desk = await openExporterDesk();
  await desk.write("XADD", KEYS.intentStream, "*", "data", "{}");
  await desk.sampler.sample();
  expect(await desk.lines("quantum_trade_intent_rate_per_min ")).toEqual([]);
  for (let n = 0; n < 6; n += 1)
    await desk.write("XADD", KEYS.intentStream, "MAXLEN", "1", "*", "data", "{}");
  const before = desk.redis.serverNowMs();
  while (desk.redis.serverNowMs() - before < SECOND_MS) await Bun.sleep(20);
  await desk.sampler.sample();
  const [line = ""] = await desk.lines("quantum_trade_intent_rate_per_min ");
  const rate = Number(line.split(" ")[1]);
  expect(rate).toBeGreaterThan(0);
  expect(rate).toBeLessThanOrEqual((6 * 60_000) / SECOND_MS);
  expect(await desk.lines("quantum_trade_intent_stream_length ")).toEqual([
    "quantum_trade_intent_stream_length 1",
  ]);
});

test("a group: unread, pending, and what was trimmed before it was read", async () => {
  await using desk = await openExporterDesk();
  const { intentStream } = KEYS;
  const group = "quantum:group:execution:trade.intent";
  await desk.write("XGROUP", "CREATE", intentStream, group, "0", "MKSTREAM");
  for (let n = 0; n < 10; n += 1) await desk.write("XADD", intentStream, "*", "data", String(n));
  await desk.write("XREADGROUP", "GROUP", group, "c", "COUNT", "2", "STREAMS", intentStream, ">");
  const labels = `{stream="${intentStream}",group="${group}"}`;
  const value = async (name: string) => {
    await desk.sampler.sample();
    return (await desk.lines(`quantum_stream_group_${name}${labels}`))[0]?.split(" ").at(-1);
  };
  expect(await value("lag")).toBe("8");
  expect(await value("pending")).toBe("2");
  expect(await value("trimmed_unread")).toBe("0");
  await desk.write("XTRIM", intentStream, "MAXLEN", "3");
  expect(await value("trimmed_unread")).toBe("5");
  await desk.write("XREADGROUP", "GROUP", group, "c", "COUNT", "1", "STREAMS", intentStream, ">");
  expect(await value("trimmed_unread")).toBe("5");
  await desk.write("XREADGROUP", "GROUP", group, "c", "STREAMS", intentStream, ">");
  expect(await value("trimmed_unread")).toBe("5");
  expect(await value("lag_unknown")).toBe("0");
});

test("a restarted Redis that counts what was read neither lags nor lost anything; a loss after it is seen", async () => {
  await using desk = await openExporterDesk();
  const { intentStream } = KEYS;
  const group = "quantum:group:execution:trade.intent";
  const add = async (count: number) => {
    for (let n = 0; n < count; n += 1) await desk.write("XADD", intentStream, "*", "data", String(n));
  };
  const readAll = () => desk.write("XREADGROUP", "GROUP", group, "c", "STREAMS", intentStream, ">");
  const labels = `{stream="${intentStream}",group="${group}"}`;
  const shown = async () => {
    await desk.sampler.sample();
    const lines = [
      ...(await desk.lines(`quantum_stream_group_lag${labels}`)),
      ...(await desk.lines(`quantum_stream_group_trimmed_unread${labels}`)),
    ];
    return lines.map((line) => line.split(" ").at(-1));
  };
  await desk.write("XGROUP", "CREATE", intentStream, group, "0", "MKSTREAM");
  await add(10);
  await readAll();
  expect(await shown()).toEqual(["0", "0"]);
  const newest = JSON.stringify(await desk.write("XREVRANGE", intentStream, "+", "-", "COUNT", "1"));
  // As Redis 7.0 has it after a restart, with a new connection.
  const last = /\d+-\d+/.exec(newest)?.[0] ?? "";
  await desk.write("XGROUP", "SETID", intentStream, group, last, "ENTRIESREAD", "3");
  const { sinceMs } = desk.redis.state;
  await desk.server.cli("CLIENT", "KILL", "TYPE", "normal");
  await waitUntil("it is connected anew", () => {
    const { kind, sinceMs: since } = desk.redis.state;
    return kind === "ready" && since > sinceMs;
  });
  expect(await shown()).toEqual(["0", "0"]);
  await add(6);
  await desk.write("XTRIM", intentStream, "MAXLEN", "2");
  await readAll();
  expect(await shown()).toEqual(["0", "4"]);
});

test("a panic is open until it is flat, whatever failed before; an operator's clearing ends it, too", async () => {
  await using desk = await openExporterDesk();
  const panic = (id: string) =>
    desk.write(
      ...["XADD", KEYS.panicStream, "*", "event_id", id, "reason", "TEST", "severity", "CRITICAL"],
      ...["issued_by", "ops", "ts", "1"],
    );
  const ended = (id: string, status: string) =>
    desk.write("XADD", KEYS.panicCompletedStream, "*", "event_id", id, "status", status);
  const open = async () => {
    await desk.sampler.sample();
    return desk.collectors.panics.latest?.panics.filter((one) => one.open).length;
  };
  const first = "3f0b7a52-1a52-4c0e-9d6c-0d9f0f6f3a11";
  await panic(first);
  expect(await open()).toBe(1);
  await ended(first, "failed");
  expect(await open()).toBe(1);
  await ended(first, "flat");
  expect(await open()).toBe(0);
  expect(await desk.lines("quantum_panic_open_age_seconds ")).toEqual(["quantum_panic_open_age_seconds 0"]);
  await panic("5e2f1a44-7e0b-4b53-8a46-2f6a8e1b9c22");
  expect(await open()).toBe(1);
  await desk.write(
    "HSET",
    KEYS.tradingState,
    "halted",
    "false",
    "cleared_at",
    String(Date.now() + SECOND_MS),
  );
  expect(await open()).toBe(0);
});

test("the heartbeat's age, what it says, and silence from the beginning", async () => {
  await using desk = await openExporterDesk();
  await desk.sampler.sample();
  expect(await desk.lines("quantum_exit_brain_heartbeat_age_seconds ")).toEqual([
    "quantum_exit_brain_heartbeat_age_seconds +Inf",
  ]);
  await desk.beat({ status: "DEGRADED", active_positions: 3 });
  await desk.sampler.sample();
  expect(await desk.lines("quantum_exit_brain_degraded ")).toEqual(["quantum_exit_brain_degraded 1"]);
  expect(await desk.lines("quantum_open_positions ")).toEqual(["quantum_open_positions 3"]);
  expect(desk.collectors.heartbeat.latest?.atMs).toBeGreaterThan(0);
});

test("with 1000 symbols, 10 000 faults and 100 000 entries a sample stays short and its series are bounded", async () => {
  await using desk = await openExporterDesk();
  const bulk = async (count: number, command: (n: number) => readonly string[]) => {
    for (let from = 0; from < count; from += 2000) {
      const some = Array.from({ length: Math.min(2000, count - from) }, (_, n) =>
        desk.write(...command(from + n)),
      );
      await Promise.all(some);
    }
  };
  await bulk(3000, (n) => [
    "HSET",
    ROUTER,
    `fault:S${n % 1000}USDT:${n < 1000 ? "SYMBOL_RATE_EXCEEDED" : n < 2000 ? "GLOBAL_RATE_EXCEEDED" : "FAIL_OPEN_ERROR"}`,
    "3",
  ]);
  await bulk(10_000, (n) => [
    "XADD",
    KEYS.faultStream,
    "*",
    "reason",
    "SYMBOL_RATE_EXCEEDED",
    "symbol",
    `S${n % 1000}USDT`,
  ]);
  await bulk(100_000, (n) => ["XADD", KEYS.intentStream, "*", "data", String(n)]);
  const usage = async () =>
    Number(/used_cpu_user_main_thread:([\d.]+)/.exec(await desk.server.cli("INFO", "cpu"))?.[1]);
  await desk.sampler.sample();
  const before = await usage();
  for (let n = 0; n < 10; n += 1) expect(await desk.sampler.sample()).toBe(true);
  const redisMs = ((await usage()) - before) * 100;
  expect(redisMs).toBeLessThan(50);
  expect(await desk.lines("quantum_safety_faults_last_1h ")).toEqual(["quantum_safety_faults_last_1h 2000"]);
  expect((await desk.lines("quantum_safety_faults_total{")).length).toBeLessThanOrEqual(250 * 3 + 3);
  expect(await desk.lines('quantum_safety_faults_total{symbol="others",reason="FAIL_OPEN_ERROR"}')).toEqual([
    'quantum_safety_faults_total{symbol="others",reason="FAIL_OPEN_ERROR"} 2250',
  ]);
}, 120_000);
