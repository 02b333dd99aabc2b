/** Garbage in every stream that a compiled role reads, with honest entries in between: nothing of those is lost. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { z } from "zod";
import { deadLetterStreamOf, keysOf } from "../../lib/contract/keys.ts";
import { SOAK_ROLES, type SoakStack, startSoakStack } from "../../scripts/soak/soak-stack.ts";
import { atRest } from "../../scripts/stack/at-rest.ts";
import { DecisionMaker } from "../../scripts/stack/decision-maker.ts";
import { readCounters, readStream } from "../../scripts/stack/read-pipeline.ts";
import { readPrices } from "../../scripts/stack/read-prices.ts";
import { seededRandom } from "../../scripts/stack/seeded-random.ts";
import { BINARIES } from "../support/pipeline.ts";
import { waitUntil } from "../support/wait-until.ts";
import { bytesLike } from "./byte-requests.ts";
import { hostileText, jsonTexts } from "./hostile.ts";
import { rawAppend } from "./raw-append.ts";

const ENTRIES = Math.max(60, Math.round(Number(Bun.env["FUZZ_RUNS"] ?? 0) / 20));
const SEED = Number(Bun.env["FUZZ_SEED"] ?? Date.now() % 1_000_000);
const watchSchema = z.looseObject({ state: z.string() });
const REST_MS = 60_000;
const folder = mkdtempSync(join(tmpdir(), "fuzz-streams-"));
const keys = keysOf("");
let stack: SoakStack;
let pids: readonly (number | undefined)[];

beforeAll(async () => {
  stack = await startSoakStack({ folder, binaries: BINARIES, keys, seed: 1, prefilled: false });
  pids = SOAK_ROLES.map((role) => stack.role(role).life()?.process.pid);
}, 120_000);

afterAll(async () => {
  await stack.stop();
  rmSync(folder, { recursive: true, force: true });
}, 120_000);

const anyFields = fc.dictionary(hostileText, hostileText, { minKeys: 1, maxKeys: 4 });
const entry = (field: string, texts: fc.Arbitrary<string>) =>
  fc.oneof(
    { weight: 3, arbitrary: texts.map((text): Record<string, string> => ({ [field]: text })) },
    { weight: 1, arbitrary: anyFields },
  );
const sampleOf = <T>(arbitrary: fc.Arbitrary<T>, salt: number) =>
  fc.sample(arbitrary, { numRuns: ENTRIES, seed: SEED + salt });

/** Entries that are no text: the field that is read, and now and then others, of bytes. */
const byteFields = (field: string, ...valid: readonly string[]) =>
  fc.oneof(
    { weight: 3, arbitrary: bytesLike(...valid).map((value) => [[Buffer.from(field), value] as const]) },
    {
      weight: 1,
      arbitrary: fc.array(fc.tuple(bytesLike(field), bytesLike(...valid)), { minLength: 1, maxLength: 3 }),
    },
  );

async function addBytes(stream: string, field: string, ...valid: readonly string[]): Promise<number> {
  const entries = sampleOf(byteFields(field, ...valid), 20 + stream.length).slice(0, 40);
  for (const fields of entries) await rawAppend(stack.redis.socketPath, stream, fields);
  return entries.length;
}

async function add(stream: string, fields: Readonly<Record<string, string>>): Promise<void> {
  await stack.eye.command("XADD", stream, "*", ...Object.entries(fields).flat());
}

const lengthOf = async (stream: string) => Number(await stack.eye.command("XLEN", stream));

/** A machine too busy to let the exit brain run is a panic of the watchdog's, as it should be: nothing trades then. */
async function isHaltedByWatchdog(): Promise<boolean> {
  const [halted, source] = await Promise.all(
    ["halted", "source"].map((field) => stack.eye.command("HGET", keys.tradingState, field)),
  );
  return halted === "true" && source === "watchdog";
}

async function expectTraded(
  results: readonly { readonly fields: Readonly<Record<string, string>> }[],
  traces: readonly string[],
): Promise<void> {
  const counts = traces.map((trace) => results.filter(({ fields }) => fields["trace_id"] === trace).length);
  expect(Math.max(...counts)).toBeLessThanOrEqual(1);
  if (!(await isHaltedByWatchdog())) expect(counts).toEqual(traces.map(() => 1));
}

async function decideHonestly(count: number, run: string): Promise<readonly string[]> {
  const maker = new DecisionMaker(seededRandom(SEED), run, [["entry", 1]]);
  const traces: string[] = [];
  const prices = await readPrices(stack.venueUrl);
  for (let at = 0; at < count; at += 1) {
    const { fields } = maker.next(prices, Date.now());
    await stack.eye.command("XADD", keys.decisionStream, "*", ...fields);
    traces.push(fields.at(-1) ?? "");
  }
  return traces;
}

test(`garbage decisions (seed ${SEED}) are put aside or refused by name; the honest ones trade`, async () => {
  const decision = { symbol: "BTCUSDT", action: "HOLD", confidence: 0.9, timestamp: "2026-03-01T10:00:00Z" };
  const traces: string[] = [];
  for (const [at, fields] of sampleOf(entry("payload", jsonTexts(decision)), 1).entries()) {
    await add(keys.decisionStream, fields);
    if (at % 10 === 0) traces.push(...(await decideHonestly(1, `honest-${SEED}-${at}`)));
  }
  await addBytes(keys.decisionStream, "payload", JSON.stringify(decision));
  traces.push(...(await decideHonestly(1, `after-bytes-${SEED}`)));
  await atRest(stack.eye, keys, REST_MS);
  const results = await readStream(stack.eye, keys.resultStream);
  await expectTraded(results, traces);
  const counters = await readCounters(stack.eye, `${keys.statsPrefix}ai-strategy-router`);
  const decided = counters.get("decisions") ?? 0;
  expect(decided).toBe(await lengthOf(keys.decisionStream));
  expect(counters.get("dead_letters") ?? 0).toBe(await lengthOf(deadLetterStreamOf(keys.decisionStream)));
}, 120_000);

test("each garbage intent ends in one result, put aside or not; an exit of garbage too", async () => {
  const before = await lengthOf(keys.resultStream);
  const intent = (kind: string) => ({
    ...{
      intent_id: `${kind}-${SEED}`,
      trace_id: "",
      symbol: "BTCUSDT",
      action: kind,
      confidence: 0.9,
      quantity: "0.01",
    },
    ...{
      entry_price: "50000",
      stop_loss: "49000",
      take_profit: "53000",
      leverage: 5,
      ts_ms: Date.now(),
      reduce_only: kind === "CLOSE",
    },
  });
  const unique = (fields: Record<string, string>, at: number) =>
    Object.fromEntries(
      Object.entries(fields).map(([name, text]) => [name, text.replaceAll(`-${SEED}`, `-${SEED}-${at}`)]),
    );
  for (const [at, fields] of sampleOf(entry("data", jsonTexts(intent("BUY"))), 2).entries())
    await add(keys.intentStream, unique(fields, at));
  for (const [at, fields] of sampleOf(entry("data", jsonTexts(intent("CLOSE"))), 3).entries())
    await add(keys.exitIntentStream, unique(fields, at));
  // Once asked for again and again without an end: the venue does not know the symbol.
  const unknown = { ...intent("CLOSE"), intent_id: `unknown-${SEED}`, symbol: "1853552123" };
  await add(keys.exitIntentStream, { data: JSON.stringify(unknown) });
  for (const stream of [keys.intentStream, keys.exitIntentStream])
    await addBytes(stream, "data", JSON.stringify(intent(stream === keys.intentStream ? "BUY" : "CLOSE")));
  const traces = await decideHonestly(3, `after-intents-${SEED}`);
  await atRest(stack.eye, keys, REST_MS);
  const results = await readStream(stack.eye, keys.resultStream);
  await expectTraded(results, traces);
  expect(results.length - before).toBeGreaterThanOrEqual(traces.length);
  const consumed = (await lengthOf(keys.intentStream)) + (await lengthOf(keys.exitIntentStream));
  expect(results.length).toBe(consumed);
}, 120_000);

test("garbage panics are refused and recorded, garbage heartbeats are no beats, and neither panics anybody", async () => {
  const panic = { event_id: "x", reason: "r", severity: "CRITICAL", issued_by: "nobody", ts: "1" };
  const garbage = sampleOf(fc.oneof(anyFields, fc.constant(panic)), 4);
  for (const fields of garbage) await add(keys.panicStream, fields);
  const called = garbage.length + (await addBytes(keys.panicStream, "event_id", ...Object.values(panic)));
  await addBytes(keys.heartbeatStream, "status", "ALIVE", "DEGRADED");
  const beat = { service_id: "exit_brain", status: "DEAD", active_positions: "-1", ts: "NaN" };
  for (const fields of sampleOf(fc.oneof(anyFields, fc.constant(beat)), 5))
    await add(keys.heartbeatStream, fields);
  const refusals = async () =>
    (await readStream(stack.eye, keys.panicCompletedStream)).filter(
      ({ fields }) => fields["status"] === "refused",
    );
  await waitUntil("each is refused", async () => (await refusals()).length === called, {
    deadlineMs: REST_MS,
  });
  const halt = await stack.eye.command("HGET", keys.tradingState, "event_id");
  expect(garbage.map((fields) => fields["event_id"] ?? "none")).not.toContain(String(halt));
  // HEALTHY comes with the first true beat: a watchdog that has just started waits for one.
  const isHealthy = async () => {
    const watch = await (await fetch(`${stack.role("exit-brain-watchdog").url}/v1/watch`)).json();
    return watchSchema.parse(watch).state === "HEALTHY";
  };
  const settled = async () => (await isHealthy()) || (await isHaltedByWatchdog());
  await waitUntil("the watchdog says HEALTHY", settled, { deadlineMs: REST_MS });
}, 120_000);

test("the audit logger records garbage of every stream as it is", async () => {
  for (const [at, stream] of [keys.faultStream, keys.auditStream, keys.panicCompletedStream].entries()) {
    for (const fields of sampleOf(anyFields, 6 + at)) await add(stream, fields);
    await addBytes(stream, "reason", "SYMBOL_RATE_EXCEEDED");
  }
  const pending = async () => {
    for (const stream of [
      keys.faultStream,
      keys.auditStream,
      keys.panicCompletedStream,
      keys.panicStream,
      keys.resultStream,
    ]) {
      const groups = await stack.eye.command("XINFO", "GROUPS", stream);
      const own = (Array.isArray(groups) ? groups : []).find(
        (one) => Array.isArray(one) && one[1] === "audit_logger",
      );
      if (own?.[own.indexOf("lag") + 1] !== 0 || own?.[own.indexOf("pending") + 1] !== 0) return true;
    }
    return false;
  };
  await waitUntil("it has recorded all", async () => !(await pending()), { deadlineMs: REST_MS });
}, 120_000);

test("after all of it every process is the same one, ready, and nothing is pending", async () => {
  expect(SOAK_ROLES.flatMap((role) => stack.role(role).surprises)).toEqual([]);
  expect(SOAK_ROLES.map((role) => stack.role(role).life()?.process.pid)).toEqual([...pids]);
  for (const role of SOAK_ROLES) {
    await waitUntil(`${role} is ready`, () => stack.role(role).isReady(), { deadlineMs: REST_MS });
  }
}, 120_000);
