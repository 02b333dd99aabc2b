import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { deadLetterStreamOf } from "../../../lib/contract/keys.ts";
import type { FunctionCaller } from "../../../lib/kernel/function-call.ts";
import { RedisReplyError } from "../../../lib/redis/redis-errors.ts";
import { type Desk, openDesk, soundIntent } from "../../support/execution-desk.ts";

let desk: Desk;
beforeAll(async () => {
  desk = await openDesk();
});
afterAll(async () => await desk[Symbol.asyncDispose]());
beforeEach(() => desk.emptyRedis());

/** Redis as its connection tells of it. */
const redis: FunctionCaller = {
  deadlineMs: 20_000,
  serverNowMs: () => desk.server.client.serverNowMs(),
  command: (args) =>
    desk.server.client.command(args).catch((error: unknown) => {
      throw new RedisReplyError(error instanceof Error ? error.message : String(error));
    }),
};

const exit = { action: "SELL", reduce_only: true };
const ledgerOf = (intent: object) =>
  `${desk.server.keys.orderLedgerPrefix}${"intent_id" in intent ? String(intent.intent_id) : ""}`;
const results = () => desk.server.keys.resultStream;
const deadLetters = () => deadLetterStreamOf(desk.server.keys.intentStream);

test.each([
  ["an exit's ledger", "exit", soundIntent(exit), ledgerOf],
  ["an entry's ledger", "entry", soundIntent(), ledgerOf],
  ["the results, for an exit", "exit", soundIntent(exit), results],
  ["the results, for what does not parse", "entry", { no: "intent" }, results],
  ["the dead letters, for what does not parse", "entry", { no: "intent" }, deadLetters],
] as const)(
  "%s, of the wrong type, leave that one for later and stop no lane",
  async (_what, lane, intent, keyOf) => {
    const key = keyOf(intent);
    const { client } = desk.server;
    await client.command(["DEL", key]);
    await client.command(["SET", key, "of the wrong type"]);
    const failures: string[] = [];
    const observe = { ...desk.parts.observe, failed: () => failures.push("one") };
    const entry = await desk.publish(intent, lane);
    expect(await desk.withParts({ observe, redis }, () => desk.handle(entry, lane))).toBe("later");
    expect(failures).not.toEqual([]);
    await client.command(["DEL", key]);
    expect(await desk.handle(entry, lane)).toBe("done");
    expect(await desk.results()).toHaveLength(1);
  },
);
