import { expect, test } from "bun:test";
import { systemClock } from "../../../lib/daemon/clock.ts";
import { createMarkPrices } from "../../../lib/exchange/mark-prices.ts";
import { startPaper } from "../../support/paper-exchange.ts";
import { waitUntil } from "../../support/wait-until.ts";
import { exchangeTo } from "./exchange-to.ts";

test("mark prices come from the venue's stream, and from REST while the stream is mute", async () => {
  await using paper = await startPaper();
  await paper.setPrice("BTCUSDT", "60000");
  const stop = new AbortController();
  const marks = createMarkPrices({
    mode: "PAPER",
    wsUrl: paper.wsUrl,
    exchange: exchangeTo(paper.url),
    openSocket: (url) => new WebSocket(url),
    clock: systemClock,
    random: Math.random,
    log: { info: () => undefined, warn: () => undefined },
  });
  const ended = marks.run(stop.signal);
  await waitUntil("the stream gives prices", () => marks.streaming());
  expect(Number(marks.markOf("BTCUSDT")?.price)).toBeWithin(59_000, 61_000);
  await paper.admin("POST", "streams", { action: "mute" });
  await paper.setPrice("BTCUSDT", "65000");
  await waitUntil("REST gives the new price", () => Number(marks.markOf("BTCUSDT")?.price) > 64_000);
  expect(marks.streaming()).toBe(false);
  stop.abort();
  await ended;
});
