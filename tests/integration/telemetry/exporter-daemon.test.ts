import { expect, test } from "bun:test";
import { join } from "node:path";
import { keysOf } from "../../../lib/contract/keys.ts";
import { CATALOGUE } from "../../../lib/telemetry/catalogue.ts";
import { startDaemon } from "../../support/daemon-process.ts";
import { startRedisServer } from "../../support/redis-server.ts";
import { waitUntil } from "../../support/wait-until.ts";

const KEYS = keysOf("");
const COMMAND = ["bun", join(import.meta.dir, "../../../cmd/safety-telemetry.ts")];

async function startExporter(redisUrl: string, environment: Readonly<Record<string, string>> = {}) {
  const daemon = await startDaemon({
    command: COMMAND,
    environment: { REDIS_URL: redisUrl, QUANTUM_INSTANCE: "vps-1", SAMPLE_INTERVAL_SEC: "1", ...environment },
  });
  const url = await daemon.url();
  const metrics = async () => (await fetch(`${url}/metrics`)).text();
  const value = async (series: string) => {
    const line = (await metrics()).split("\n").find((one) => one.startsWith(`${series} `));
    return line === undefined ? undefined : Number(line.slice(series.length + 1));
  };
  return { daemon, url, metrics, value, [Symbol.asyncDispose]: () => daemon[Symbol.asyncDispose]() };
}

async function promtoolCheck(text: string) {
  const child = Bun.spawn(["promtool", "check", "metrics"], {
    stdin: Buffer.from(text),
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, err, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  return { said: `${out}${err}`, code };
}

/** What differs from run to run, as words. */
function steady(text: string): string {
  const ours = text.split("\n\n").filter((block) => /^# HELP quantum_(?!event_loop|build_info)/.test(block));
  return ours
    .join("\n")
    .replaceAll(/^(quantum_telemetry_\w*(?:duration|timestamp)\w*(?:\{.*\})?) .*$/gm, "$1 <time>")
    .replaceAll(/^(quantum_role_beat_age_seconds\{.*\}) .*$/gm, "$1 <age>")
    .replaceAll(/^(quantum_redis_memory_used_bytes|quantum_disk_\w+_bytes) [1-9].*$/gm, "$1 <bytes>")
    .replaceAll(/^(quantum_safety_redis_last_error_timestamp) .*$/gm, "$1 <time>")
    .replaceAll(/^(quantum_trade_intent_rate_per_min) .*\n/gm, "")
    .replaceAll(/^(quantum_safety_exporter_scrapes_total) .*$/gm, "$1 <count>");
}

test("/metrics of an empty Redis is exactly this, and promtool has nothing to say", async () => {
  await using server = await startRedisServer();
  await using exporter = await startExporter(server.url);
  await exporter.daemon.said("ready");
  // Its own beat is seen a sample later.
  await waitUntil(
    "its own beat is seen",
    async () => (await exporter.value('quantum_role_up{role="safety-telemetry"}')) === 1,
  );
  const text = await exporter.metrics();
  expect(await promtoolCheck(text)).toEqual({ said: "", code: 0 });
  expect(steady(text)).toMatchSnapshot();
});

test("every metric of the catalogue is on /metrics with its help and type, and nothing else of ours", async () => {
  await using server = await startRedisServer();
  await using exporter = await startExporter(server.url);
  const text = await exporter.metrics();
  const shared = ["quantum_build_info", "quantum_event_loop_delay_seconds", "quantum_admin_refused_total"];
  const shown = [...text.matchAll(/^# TYPE (quantum_\w+) (\w+)$/gm)].map(([, name = "", type]) => [
    name,
    type,
  ]);
  const own = shown.filter(
    ([name = ""]) => !shared.includes(name) && !/^quantum_(?:ready|dependency_up)$/.test(name),
  );
  expect(Object.fromEntries(own)).toEqual(
    Object.fromEntries(Object.entries(CATALOGUE).map(([name, { type }]) => [name, type])),
  );
});

test("when Redis goes, redis_up is 0 at the next scrape, every value stays, and all comes back by itself", async () => {
  await using server = await startRedisServer();
  await server.cli("SET", KEYS.kill, "0");
  await server.cli("SET", KEYS.safeMode, "1");
  // A sample a minute: what the scrape says of Redis cannot come from a sample.
  await using exporter = await startExporter(server.url, { SAMPLE_INTERVAL_SEC: "60" });
  await exporter.daemon.said("ready");
  expect(await exporter.value("quantum_safety_safe_mode")).toBe(1);
  await waitUntil("redis_up is 1", async () => (await exporter.value("quantum_safety_redis_up")) === 1);
  await server.stop({ kill: true });
  const goneAt = Date.now() / 1000;
  await waitUntil("redis_up is 0", async () => (await exporter.value("quantum_safety_redis_up")) === 0);
  // Long before the next sample.
  expect(Date.now() / 1000 - goneAt).toBeLessThan(30);
  expect(await exporter.value("quantum_safety_safe_mode")).toBe(1);
  expect(await exporter.value("quantum_kill_switch_engaged")).toBe(0);
  expect(await exporter.value("quantum_safety_redis_last_error_timestamp")).toBeGreaterThan(goneAt - 5);
  await server.restart();
  // Emptied and back: sampled at once, although the minute is not over.
  await waitUntil("it is read again", async () => (await exporter.value("quantum_safety_safe_mode")) === 0);
  await waitUntil("redis_up is 1", async () => (await exporter.value("quantum_safety_redis_up")) === 1);
});

test("a Redis that hangs does not hold a scrape up", async () => {
  await using server = await startRedisServer();
  await using exporter = await startExporter(server.url);
  await exporter.daemon.said("ready");
  server.hang();
  await waitUntil("redis_up is 0", async () => (await exporter.value("quantum_safety_redis_up")) === 0);
  const times: number[] = [];
  for (let n = 0; n < 20; n += 1) {
    const began = performance.now();
    await exporter.metrics();
    times.push(performance.now() - began);
  }
  server.resume();
  // One that waited for Redis would wait for its deadline, which is half a second.
  expect(times.sort((a, b) => a - b)[10]).toBeLessThan(250);
});

test("it writes its own beat and nothing else", async () => {
  await using server = await startRedisServer();
  await using exporter = await startExporter(server.url);
  await waitUntil(
    "it sampled three times",
    async () => (await exporter.value("quantum_trade_intent_rate_per_min")) !== undefined,
  );
  const own = [`${KEYS.rolePrefix}safety-telemetry:vps-1`, `${KEYS.statsPrefix}safety-telemetry`];
  await waitUntil("it has beaten", async () => (await server.cli("EXISTS", ...own)) === "2");
  expect((await server.cli("KEYS", "*")).split("\n").sort()).toEqual(own);
});
