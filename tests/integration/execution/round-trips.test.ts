import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import type { FunctionCaller } from "../../../lib/kernel/function-call.ts";
import { type Desk, openDesk, soundIntent } from "../../support/execution-desk.ts";

let desk: Desk;
beforeAll(async () => {
  desk = await openDesk();
});
afterAll(async () => await desk[Symbol.asyncDispose]());
beforeEach(async () => await desk.emptyRedis());

/** Redis that notes, for each command, how many replies had come before it was sent. */
function counted() {
  const { client } = desk.server;
  const sent: { readonly command: string; readonly afterReplies: number }[] = [];
  let replies = 0;
  const redis: FunctionCaller = {
    deadlineMs: client.deadlineMs,
    serverNowMs: () => client.serverNowMs(),
    command: async (args) => {
      sent.push({ command: (args[0] === "FCALL" ? args[1] : args[0]) ?? "", afterReplies: replies });
      const reply = await client.command(args);
      replies += 1;
      return reply;
    },
  };
  return { sent, redis };
}

test("between an entry's reading and its order lie two round trips to Redis", async () => {
  const { sent, redis } = counted();
  const entry = await desk.publish(soundIntent());
  await desk.withParts({ redis }, () => desk.handle(entry));
  const untilOrder = sent.slice(0, sent.findIndex(({ command }) => command === "begin_v1") + 1);
  expect(untilOrder.map(({ command }) => command)).toEqual(["receive_v1", "GET", "ZCOUNT", "submit_v1"]);
  expect(untilOrder.map(({ afterReplies }) => afterReplies)).toEqual([0, 0, 0, 3]);
  expect((await desk.results()).map(({ status }) => status)).toEqual(["filled"]);
});

test("trades that cannot be read count against an entry once it is received, and never end another's", async () => {
  const { client, keys } = desk.server;
  const intent = soundIntent();
  const [first, again] = [await desk.publish(intent), await desk.publish(intent)];
  await client.command(["SET", keys.gateTrades, "no sorted set"]);
  expect(await desk.handle(first)).toBe("later");
  const ledger = (await client.flat("KEYS", `${keys.orderLedgerPrefix}*`))[0] ?? "";
  expect(await client.text("HGET", ledger, "failures")).toBe("1");
  expect(await desk.handle(again)).toBe("done");
  expect(await client.text("HGET", ledger, "failures")).toBe("1");
  expect((await desk.results()).map(({ status }) => status)).toEqual(["duplicate"]);
  await client.command(["DEL", keys.gateTrades]);
  expect(await desk.handle(first)).toBe("done");
  expect((await desk.results()).map(({ status }) => status)).toEqual(["duplicate", "filled"]);
});
