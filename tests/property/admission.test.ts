import { afterAll, beforeAll, expect, test } from "bun:test";
import fc from "fast-check";
import { GROUPS } from "../../lib/contract/groups.ts";
import {
  type AdmissionLimits,
  type AdmissionRequest,
  type AdmissionVerdict,
  admit,
} from "../../lib/kernel/admit.ts";
import { AdmissionModel } from "../support/admission-model.ts";
import { type KernelClient, type KernelServer, startKernelServer } from "../support/kernel-server.ts";

const LIMITS: AdmissionLimits = {
  windowSec: 60,
  globalMax: 6,
  symbolMax: 3,
  cooldownSec: 120,
  window: "sliding",
  dailyMax: 12,
  backlogMax: 8,
  routerPid: 1,
};
const SYMBOLS = ["BTCUSDT", "ETHUSDT", "SOLUSDT"] as const;

let server: KernelServer;
let routers: KernelClient[];
beforeAll(async () => {
  server = await startKernelServer();
  routers = await Promise.all(Array.from({ length: 4 }, () => server.connect()));
});
afterAll(async () => await server[Symbol.asyncDispose]());

type Step =
  | { readonly kind: "decide"; readonly batch: readonly { message: number; intent: number; as: string }[] }
  | { readonly kind: "kill" | "halt"; readonly on: boolean }
  | { readonly kind: "safe_mode"; readonly change: "set" | "clear" }
  | { readonly kind: "elapse"; readonly ms: number }
  | { readonly kind: "consume"; readonly count: number }
  /** Somebody else writes into the intent stream. */
  | { readonly kind: "append"; readonly count: number };

const decision = fc.record({
  message: fc.nat(120),
  intent: fc.nat(60),
  as: fc.constantFrom("entry", "entry", "entry", "entry", "exit", "skip", "EXPIRED"),
});
const batch = fc.array(decision, { minLength: 1, maxLength: 9 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: fc.record({ kind: fc.constant("decide" as const), batch }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constantFrom("kill" as const, "halt"),
      on: fc.constantFrom(true, false, false, false),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("safe_mode" as const),
      change: fc.constantFrom("set", "clear", "clear", "clear"),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant("elapse" as const), ms: fc.integer({ min: 1, max: 150_000 }) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("consume" as const), count: fc.nat(4) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("append" as const), count: fc.nat(3) }) },
);

function requestOf({
  message,
  intent,
  as,
}: {
  message: number;
  intent: number;
  as: string;
}): AdmissionRequest {
  const symbol = SYMBOLS[Math.max(0, (intent % 5) - 2)] ?? "BTCUSDT";
  const common = {
    id: `1-${message + 1}`,
    symbol,
    side: "BUY",
    correlationId: `c${message % 3}`,
    traceId: `t${intent}`,
  };
  if (as === "skip") return { ...common, kind: "skip" };
  if (as === "EXPIRED") return { ...common, kind: "EXPIRED" };
  return {
    ...common,
    kind: as === "exit" ? "exit" : "entry",
    intentId: `intent${intent}`,
    document: `{"n":${intent}}`,
  };
}

const nameOf = (verdict: AdmissionVerdict): string =>
  verdict.kind === "DENIED" ? verdict.reason : verdict.kind;

async function freshState(): Promise<void> {
  const { client, keys } = server;
  await client.command(["FLUSHDB"]);
  await client.command(["SET", keys.kill, "0"]);
  await client.command(["XGROUP", "CREATE", keys.decisionStream, GROUPS.router, "0", "MKSTREAM"]);
  await client.command(["XGROUP", "CREATE", keys.intentStream, GROUPS.executionIntents, "0", "MKSTREAM"]);
}

/** Moves what the server has counted into the past, as the model does: no test waits for time. */
async function elapseOnServer(ms: number): Promise<void> {
  const { client, keys } = server;
  for (const key of [keys.windowGlobal, ...SYMBOLS.map((symbol) => keys.windowSymbolPrefix + symbol)]) {
    const times = await client.flat("LRANGE", key, "0", "-1");
    if (times.length === 0) continue;
    await client.command(["DEL", key]);
    await client.command(["RPUSH", key, ...times.map((time) => String(Number(time) - ms))]);
  }
  const left = Number(await client.text("PTTL", keys.safeMode));
  if (left > ms) await client.command(["PEXPIRE", keys.safeMode, String(left - ms)]);
  else if (left >= 0) await client.command(["DEL", keys.safeMode]);
}

async function apply(change: Exclude<Step, { kind: "decide" }>, model: AdmissionModel): Promise<void> {
  const { client, keys } = server;
  switch (change.kind) {
    case "kill":
      model.killEngaged = change.on;
      await client.command(change.on ? ["DEL", keys.kill] : ["SET", keys.kill, "0"]);
      break;
    case "halt":
      model.halted = change.on;
      await client.command(["HSET", keys.tradingState, "halted", String(change.on)]);
      break;
    case "safe_mode":
      model.safeModeUntilMs = change.change === "set" ? Number.POSITIVE_INFINITY : undefined;
      await client.command(change.change === "set" ? ["SET", keys.safeMode, "1"] : ["DEL", keys.safeMode]);
      break;
    case "elapse":
      model.elapse(change.ms);
      await elapseOnServer(change.ms);
      break;
    case "append":
      for (let n = 0; n < change.count; n += 1) {
        await client.command(["XADD", keys.intentStream, "*", "data", "{}"]);
      }
      model.backlog += change.count;
      break;
    case "consume": {
      if (change.count === 0) break;
      const read = ["XREADGROUP", "GROUP", GROUPS.executionIntents, "e", "COUNT", String(change.count)];
      const reply = await client.command([...read, "STREAMS", keys.intentStream, ">"]);
      const ids = [...JSON.stringify(reply ?? []).matchAll(/"(\d+-\d+)"/g)].map((match) => match[1] ?? "");
      if (ids.length > 0) await client.command(["XACK", keys.intentStream, GROUPS.executionIntents, ...ids]);
      model.backlog -= ids.length;
      break;
    }
  }
}

async function assertPublished(model: AdmissionModel): Promise<void> {
  const { client, keys } = server;
  const ofModel = (stream: "intent" | "exit") =>
    model.published
      .filter((one) => one.stream === stream)
      .map((one) => one.intentId.replace("intent", ""))
      .sort();
  const onServer = async (stream: string) =>
    [...JSON.stringify((await client.command(["XRANGE", stream, "-", "+"])) ?? []).matchAll(/\\"n\\":(\d+)/g)]
      .map((match) => match[1] ?? "")
      .sort();
  expect(await onServer(keys.intentStream)).toEqual(ofModel("intent"));
  expect(await onServer(keys.exitIntentStream)).toEqual(ofModel("exit"));
  expect(new Set(model.published.map((one) => one.intentId)).size).toBe(model.published.length);
  const day = (await client.flat("KEYS", `${keys.dailyTradesPrefix}*`))[0];
  expect(day === undefined ? 0 : Number(await client.text("GET", day))).toBe(model.daily);
}

test("one router's verdicts equal the reference model's, whatever happens in between", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 70 }), async (steps) => {
      await freshState();
      const model = new AdmissionModel(LIMITS);
      for (const one of steps) {
        if (one.kind !== "decide") {
          await apply(one, model);
          continue;
        }
        const requests = one.batch.map(requestOf);
        const reply = await admit(server.client, server.keys, { limits: LIMITS, requests, rates: "check" });
        const expected = requests.map((request) => model.judge(request, reply.serverNowMs));
        expect(reply.verdicts.map(nameOf)).toEqual(expected);
      }
      await assertPublished(model);
    }),
    { numRuns: 100 },
  );
}, 120_000);

test("up to four routers at once: the server's order of calls explains every verdict", async () => {
  const rounds = fc.array(fc.array(batch, { minLength: 1, maxLength: 4 }), { minLength: 2, maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(rounds, async (perRound) => {
      await freshState();
      const model = new AdmissionModel(LIMITS);
      for (const [round, batches] of perRound.entries()) {
        const calls = new Map<string, { requests: AdmissionRequest[]; verdicts: string[]; nowMs: number }>();
        const order = await server.monitor(async () => {
          await Promise.all(
            batches.map(async (decisions, router) => {
              const requests = decisions.map(requestOf);
              const caller = routers[router] ?? server.client;
              const limits = { ...LIMITS, routerPid: 1000 * (round + 1) + router };
              const reply = await admit(caller, server.keys, { limits, requests, rates: "check" });
              calls.set(String(limits.routerPid), {
                requests,
                verdicts: reply.verdicts.map(nameOf),
                nowMs: reply.serverNowMs,
              });
            }),
          );
        });
        expect(order.length).toBe(batches.length);
        for (const line of order) {
          const pid = [...calls.keys()].find((key) => line.includes(` ${key} check"`)) ?? "";
          const call = calls.get(pid);
          expect(call?.requests.map((request) => model.judge(request, call.nowMs))).toEqual(call?.verdicts);
        }
      }
      await assertPublished(model);
    }),
    { numRuns: 40 },
  );
}, 120_000);
