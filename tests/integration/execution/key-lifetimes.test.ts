import { expect, test } from "bun:test";
import { GROUPS } from "../../../lib/contract/groups.ts";
import { KEY_FACTS, type KeyFacts } from "../../../lib/contract/key-facts.ts";
import { deadLetterStreamOf } from "../../../lib/contract/keys.ts";
import { admit } from "../../../lib/kernel/admit.ts";
import { openDesk, soundIntent } from "../../support/execution-desk.ts";

const LIMITS = {
  ...{ windowSec: 10, globalMax: 3, symbolMax: 2, cooldownSec: 300, window: "sliding" as const },
  ...{ dailyMax: 100, backlogMax: 10, routerPid: 1 },
};

test("whatever an admission, a trip, an entry and an exit leave in Redis expires, or is known to be bounded", async () => {
  await using desk = await openDesk();
  const { client, keys } = desk.server;
  await client.command(["XGROUP", "CREATE", keys.decisionStream, GROUPS.router, "0", "MKSTREAM"]);
  for (let n = 1; n <= 6; n += 1) {
    const ids = { id: `${n}-1`, correlationId: `c${n}`, traceId: `t${n}`, intentId: `i${n}` };
    const request = {
      ...ids,
      kind: "entry" as const,
      symbol: "ETHUSDT",
      side: "BUY" as const,
      document: "{}",
    };
    await admit(client, keys, { limits: LIMITS, requests: [request], rates: "check" });
  }
  const rules = { ...desk.parts.rules, holdMinMs: 60_000 };
  const close = soundIntent({ action: "CLOSE", reduce_only: true, quantity: null });
  await client.command(["DEL", keys.safeMode]);
  await desk.withParts({ rules }, async () => {
    await desk.handle(await desk.publish(soundIntent()));
    await desk.handle({ id: "1-1", fields: {} });
    await desk.handle(await desk.publish(close, "exit"), "exit");
  });

  const facts: ReadonlyMap<string, KeyFacts> = new Map(Object.entries(KEY_FACTS));
  // The longest name that begins a key is the one that it is of.
  const names = Object.entries(keys).toSorted(([, one], [, other]) => other.length - one.length);
  const deadLetters = [keys.decisionStream, keys.intentStream, keys.exitIntentStream].map(deadLetterStreamOf);
  const found = await client.flat("KEYS", "*");
  expect(found.length).toBeGreaterThan(15);
  for (const key of found.filter((one) => !deadLetters.includes(one))) {
    const [name = ""] =
      names.find(([, prefix]) => (prefix.endsWith(":") ? key.startsWith(prefix) : key === prefix)) ?? [];
    const { type, bound } = facts.get(name) ?? {};
    expect([key, await client.text("TYPE", key)]).toEqual([
      key,
      type === "sorted set" ? "zset" : (type ?? ""),
    ]);
    const expires = Number(await client.command(["PTTL", key])) > 0;
    expect([key, expires || bound !== undefined]).toEqual([key, true]);
  }
});
