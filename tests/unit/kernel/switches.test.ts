import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { CallExpiredError } from "../../../lib/kernel/function-call.ts";
import { claimMode, setSwitch } from "../../../lib/kernel/switches.ts";
import { failureOf } from "../../support/failure-of.ts";
import { type KernelServer, startKernelServer } from "../../support/kernel-server.ts";

let server: KernelServer;
beforeAll(async () => {
  server = await startKernelServer();
});
afterAll(async () => await server[Symbol.asyncDispose]());
beforeEach(async () => {
  await server.client.command(["FLUSHDB"]);
});

const run = (...args: string[]) => server.client.command(args);
const by = { role: "ai-strategy-router", instance: "one", who: "anna" };
const set = (value: string | undefined, ttlSec = 0) =>
  setSwitch(server.client, server.keys, {
    ...by,
    key: server.keys.safeMode,
    value,
    ttlSec,
    what: "a change",
  });

async function audit(): Promise<Record<string, string>[]> {
  const reply = await run("XRANGE", server.keys.auditStream, "-", "+");
  return (Array.isArray(reply) ? reply : []).map((entry) => {
    const flat = [entry].flat(2).map(String).slice(1);
    return Object.fromEntries(flat.flatMap((name, at) => (at % 2 === 0 ? [[name, flat[at + 1] ?? ""]] : [])));
  });
}

test("a change and its audit entry are one", async () => {
  expect(await set("1", 60)).toBe("");
  expect(await run("GET", server.keys.safeMode)).toBe("1");
  expect(Number(await run("TTL", server.keys.safeMode))).toBeWithin(59, 61);
  const [entry] = await audit();
  expect(entry).toEqual({
    ts: expect.stringMatching(/^\d{13}$/),
    ...{ role: "ai-strategy-router", instance: "one", who: "anna", what: "a change" },
    ...{ before: "(absent)", after: "1", ttl_sec: "60" },
  });
});

test("without a TTL an earlier one is taken off", async () => {
  await set("1", 60);
  expect(await set("1")).toBe("1");
  expect(await run("TTL", server.keys.safeMode)).toBe(-1);
});

test("clearing deletes, and says what was there", async () => {
  await set("1");
  expect(await set(undefined)).toBe("1");
  expect(await run("EXISTS", server.keys.safeMode)).toBe(0);
  expect((await audit()).map((entry) => [entry["before"], entry["after"]])).toEqual([
    ["(absent)", "1"],
    ["1", "(absent)"],
  ]);
});

test("a switch of the wrong type can be set right, and the audit says that it was unreadable", async () => {
  await run("HSET", server.keys.safeMode, "not", "a switch");
  expect(await set("1")).toBe("(unreadable)");
  expect(await run("GET", server.keys.safeMode)).toBe("1");
  expect((await audit())[0]).toMatchObject({ before: "(unreadable)" });
});

test("without a place for its audit entry nothing is changed", async () => {
  await run("SET", server.keys.auditStream, "no stream");
  expect((await failureOf(set("1"))).message).toContain("WRONGTYPE");
  expect(await run("EXISTS", server.keys.safeMode)).toBe(0);
});

test("a change that reaches the server too late is not made", async () => {
  const late = { ...server.client, serverNowMs: () => Date.now() - 60_000 };
  const change = { ...by, key: server.keys.safeMode, value: "1", ttlSec: 0, what: "late" };
  expect(await failureOf(setSwitch(late, server.keys, change))).toBeInstanceOf(CallExpiredError);
  expect(await run("EXISTS", server.keys.safeMode, server.keys.auditStream)).toBe(0);
});

const claim = (mode: "PAPER" | "LIVE", account: string, record = true) =>
  claimMode(server.client, server.keys, { mode, account, record });
const recorded = () => run("MGET", server.keys.mode, server.keys.modeAccount);

test("the first claim is recorded, the same one agrees ever after", async () => {
  expect(await claim("PAPER", "a")).toEqual({ kind: "agreed" });
  expect(await recorded()).toEqual(["PAPER", "a"]);
  expect(await claim("PAPER", "a", false)).toEqual({ kind: "agreed" });
});

test.each([
  ["another mode", "LIVE", "a"],
  ["another account", "PAPER", "b"],
  ["both", "LIVE", "b"],
] as const)("%s differs, and what is recorded stays", async (_what, mode, account) => {
  await claim("PAPER", "a");
  expect(await claim(mode, account)).toEqual({ kind: "differs", mode: "PAPER", account: "a" });
  expect(await recorded()).toEqual(["PAPER", "a"]);
});

test("who may not record finds it absent and writes nothing", async () => {
  expect(await claim("PAPER", "a", false)).toEqual({ kind: "absent" });
  expect(await recorded()).toEqual([null, null]);
});

test("half a record is completed only if the other half agrees", async () => {
  await run("SET", server.keys.mode, "LIVE");
  expect(await claim("PAPER", "a")).toEqual({ kind: "differs", mode: "LIVE", account: "" });
  expect(await claim("LIVE", "a")).toEqual({ kind: "agreed" });
  expect(await recorded()).toEqual(["LIVE", "a"]);
});
