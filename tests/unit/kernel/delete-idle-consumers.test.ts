import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { deleteIdleConsumers } from "../../../lib/kernel/delete-idle-consumers.ts";
import { failureOf } from "../../support/failure-of.ts";
import { type KernelServer, startKernelServer } from "../../support/kernel-server.ts";

let server: KernelServer;
beforeAll(async () => {
  server = await startKernelServer();
});
afterAll(async () => await server[Symbol.asyncDispose]());
beforeEach(async () => {
  const { client } = server;
  await client.command(["FLUSHDB"]);
  await client.command(["XGROUP", "CREATE", "s", "g", "0", "MKSTREAM"]);
  await client.command(["XGROUP", "CREATECONSUMER", "s", "g", "zombie"]);
});

const remove = (idleMinMs: number, ...consumers: string[]) =>
  deleteIdleConsumers(server.client, {
    ...{ stream: "s", group: "g", idleMinMs },
    consumers: consumers.length > 0 ? consumers : ["zombie"],
  });
const consumers = async () => JSON.stringify(await server.client.command(["XINFO", "CONSUMERS", "s", "g"]));

test("an idle consumer without pending entries is removed", async () => {
  expect(await remove(0)).toBe(1);
  expect(await consumers()).toBe("[]");
});

test("one that is not idle for long enough stays", async () => {
  expect(await remove(60_000)).toBe(0);
  expect(await consumers()).toContain("zombie");
});

test("one with a pending entry is never removed: the entry would be unreachable", async () => {
  await server.client.command(["XADD", "s", "1-0", "n", "1"]);
  await server.client.command(["XREADGROUP", "GROUP", "g", "zombie", "STREAMS", "s", ">"]);
  expect(await remove(0)).toBe(0);
  const [pending] = await server.client.flat("XPENDING", "s", "g");
  expect(pending).toBe("1");
  await server.client.command(["XACK", "s", "g", "1-0"]);
  expect(await remove(0)).toBe(1);
});

test("one that is not there is no error", async () => {
  expect(await remove(0, "nobody")).toBe(0);
  expect(await consumers()).toContain("zombie");
});

test("many are removed in calls of 500, those that were not asked about stay", async () => {
  const names = Array.from({ length: 1201 }, (_, at) => `execution-${at}`);
  for (const name of names) await server.client.command(["XGROUP", "CREATECONSUMER", "s", "g", name]);
  expect(await remove(0, ...names.slice(1))).toBe(1200);
  const left = await consumers();
  for (const name of ["zombie", "execution-0"]) expect(left).toContain(`"${name}"`);
});

test("a group that is not there is the server's error", async () => {
  await server.client.command(["DEL", "s"]);
  await server.client.command(["XADD", "s", "1-0", "n", "1"]);
  expect((await failureOf(remove(0))).message).toContain("NOGROUP");
});
