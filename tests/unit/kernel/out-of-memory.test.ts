import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { z } from "zod";
import { GROUPS } from "../../../lib/contract/groups.ts";
import { type AdmissionLimits, type AdmissionRequest, admit } from "../../../lib/kernel/admit.ts";
import { appendEntry } from "../../../lib/kernel/append-entry.ts";
import { deleteIdleConsumers } from "../../../lib/kernel/delete-idle-consumers.ts";
import { receiveOrder, submitOrder } from "../../../lib/kernel/order-ledger.ts";
import { claimMode, setSwitch } from "../../../lib/kernel/switches.ts";
import { trimStream } from "../../../lib/kernel/trim-stream.ts";
import { RedisReplyError } from "../../../lib/redis/redis-errors.ts";
import { failureOf } from "../../support/failure-of.ts";
import { type KernelServer, startKernelServer } from "../../support/kernel-server.ts";

const LIMITS: AdmissionLimits = {
  ...{ windowSec: 10, globalMax: 3, symbolMax: 2, cooldownSec: 300, window: "sliding" },
  ...{ dailyMax: 100, backlogMax: 10, routerPid: 1 },
};

let server: KernelServer;
beforeAll(async () => {
  server = await startKernelServer();
});
afterAll(async () => await server[Symbol.asyncDispose]());
beforeEach(async () => {
  const { client, keys } = server;
  await client.command(["CONFIG", "SET", "maxmemory", "0"]);
  await client.command(["FLUSHDB"]);
  await client.command(["SET", keys.kill, "0"]);
  await client.command(["XGROUP", "CREATE", keys.decisionStream, GROUPS.router, "0", "MKSTREAM"]);
  await client.command(["XADD", "s", "1-0", "n", "1"]);
  await client.command(["XADD", "s", "2-0", "n", "2"]);
  await client.command(["XGROUP", "CREATE", "s", "g", "$"]);
  await client.command(["XGROUP", "CREATECONSUMER", "s", "g", "zombie"]);
});

const full = () => server.client.command(["CONFIG", "SET", "maxmemory", "1"]);

const EXPIRED: AdmissionRequest = {
  ...{ id: "1-2", kind: "EXPIRED", correlationId: "c", traceId: "t", symbol: "ETHUSDT", side: "BUY" },
};

function decision(kind: "entry" | "exit"): AdmissionRequest {
  const ids = { id: "1-1", correlationId: "c", traceId: "t", intentId: "i" };
  return { ...ids, kind, symbol: "ETHUSDT", side: "BUY", document: "{}" };
}

const admitOne = (kind: "entry" | "exit") =>
  admit(server.client, server.keys, { limits: LIMITS, requests: [decision(kind)], rates: "check" });

const source = { stream: "s", group: "g", entryId: "1-0" };
const receive = () => receiveOrder(server.client, server.keys, { intentId: "i", owner: "me", source });
const submit = (kind: "entry" | "exit") =>
  submitOrder(server.client, server.keys, {
    ...{
      intentId: "i",
      owner: "me",
      kind,
      attempt: 1,
      clientOrderId: "c",
      symbol: "ETHUSDT",
      gates: "enforce",
    },
    ...{ signedAtMs: 1, recvWindowMs: 2000, side: "BUY", quantity: "1", decidedAtMs: Date.now() },
    ...{ ageMaxMs: 600_000, holdMinMs: 0, tradesMax: 3 },
  });

test("a server that is out of memory admits exits and refuses entries, without having written a thing", async () => {
  await full();
  expect((await failureOf(admitOne("entry"))).message).toStartWith("OOM");
  expect(await server.client.command(["EXISTS", `${server.keys.messageDedupPrefix}c||t||1-1`])).toBe(0);
  expect((await admitOne("exit")).verdicts).toMatchObject([{ kind: "EXIT" }]);
  expect(await server.client.command(["XLEN", server.keys.exitIntentStream])).toBe(1);
});

test("decisions that fill a server and have expired are acknowledged, so that they can be trimmed", async () => {
  const { client, keys } = server;
  const expired: AdmissionRequest[] = [];
  for (let n = 0; n < 40; n += 1) {
    const id = await client.text("XADD", keys.decisionStream, "*", "payload", "x".repeat(200));
    expired.push({ ...EXPIRED, id });
  }
  await client.command([...["XREADGROUP", "GROUP", GROUPS.router, "r", "STREAMS", keys.decisionStream, ">"]]);
  await full();
  const retention = {
    ...{ stream: keys.decisionStream, groups: [GROUPS.router], optionalGroups: [], entriesKept: 10 },
  };
  expect(await trimStream(client, retention)).toBe(0);
  const { verdicts } = await admit(client, keys, { limits: LIMITS, requests: expired, rates: "check" });
  expect(new Set(verdicts.map((verdict) => "reason" in verdict && verdict.reason))).toEqual(
    new Set(["EXPIRED"]),
  );
  expect(await trimStream(client, retention)).toBe(30);
});

test("a server that is out of memory lets exits be submitted and refuses entries", async () => {
  await full();
  expect(await receive()).toEqual({ kind: "new" });
  expect((await failureOf(submit("entry"))).message).toStartWith("OOM");
  expect(await submit("exit")).toEqual({ kind: "submitting", wouldHold: undefined });
});

const decided = (kind: string) => ["1-1", kind, "", "", "", "", "", ""];

test.each([
  ["admit_exits_v1", "exits alone", decided("entry")],
  ["submit_exit_v1", "exits alone", ["owner", "entry"]],
  ["dismiss_v1", "what publishes nothing", decided("entry")],
  ["dismiss_v1", "what publishes nothing", decided("exit")],
  ["dismiss_v1", "what publishes nothing", [...decided("skip"), ...decided("dead")]],
])("%s is for %s", async (name, taken, args) => {
  const called = ["FCALL", name, "1", "decisions", "9999999999999", "settings", ...args];
  const failure = await failureOf(server.client.command(called));
  expect(failure.message).toContain(`${name} is for ${taken}`);
});

test("a server that is out of memory lets an operator stop trading, and execution start", async () => {
  const { client, keys } = server;
  const claim = () => claimMode(client, keys, { mode: "PAPER", account: "a", record: true });
  await claim();
  await full();
  expect(await claim()).toEqual({ kind: "agreed" });
  const by = { role: "ai-strategy-router", instance: "x", who: "anna", what: "kill" };
  await setSwitch(client, keys, { key: keys.kill, value: "1", ttlSec: 0, ...by });
  expect(await client.command(["GET", keys.kill])).toBe("1");
});

test("a server that is out of memory gives memory back: streams are trimmed, zombies removed", async () => {
  await full();
  const retention = { stream: "s", entriesKept: 0, groups: ["g"], optionalGroups: [] };
  expect(await trimStream(server.client, retention)).toBe(2);
  const zombie = { stream: "s", group: "g", consumers: ["zombie"], idleMinMs: 0 };
  expect(await deleteIdleConsumers(server.client, zombie)).toBe(1);
});

/** What a role's own connection makes of the server's errors; `sent` are the commands' names. */
function asConnected(sent: string[] = []) {
  const { client } = server;
  const command = (args: readonly string[]) => {
    sent.push(args[0] ?? "");
    return client.command(args).catch((error: Error) => Promise.reject(new RedisReplyError(error.message)));
  };
  return { ...client, command };
}

test.each([
  ["exit intents, and keeps them all", undefined, 301],
  ["heartbeats, and keeps about as many as are wanted", 100, 200],
])("a server that is out of memory takes %s", async (_what, kept, most) => {
  const { client } = server;
  await full();
  expect((await failureOf(client.command(["XADD", "urgent", "*", "n", "0"]))).message).toStartWith("OOM");
  const entry = { stream: "urgent", ...(kept === undefined ? {} : { kept }) };
  for (let n = 0; n <= 300; n += 1)
    await appendEntry(asConnected(), { ...entry, fields: ["n", String(n), "data", "{}"] });
  expect(Number(await client.command(["XLEN", "urgent"]))).toBeWithin(Math.min(most, kept ?? most), most + 1);
  const [newest] = z
    .array(z.tuple([z.string(), z.array(z.string())]))
    .parse(await client.command(["XREVRANGE", "urgent", "+", "-", "COUNT", "1"]));
  expect(newest?.[1]).toEqual(["n", "300", "data", "{}"]);
});

test("what is appended needs no function while there is memory", async () => {
  const sent: string[] = [];
  await appendEntry(asConnected(sent), { stream: "urgent", fields: ["data", "{}"] });
  expect(sent).toEqual(["XADD"]);
});
