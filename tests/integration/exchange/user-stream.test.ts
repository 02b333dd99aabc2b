import { expect, test } from "bun:test";
import { systemClock } from "../../../lib/daemon/clock.ts";
import { ModeHostError } from "../../../lib/exchange/mode-hosts.ts";
import { createUserStream, type UserEvent } from "../../../lib/exchange/user-stream.ts";
import { type PaperFixture, startPaper } from "../../support/paper-exchange.ts";
import { waitUntil } from "../../support/wait-until.ts";
import { exchangeTo } from "./exchange-to.ts";

function streamTo(
  paper: Pick<PaperFixture, "url" | "wsUrl">,
  clock: Pick<typeof systemClock, "sleep"> = systemClock,
) {
  const events: UserEvent[] = [];
  const addresses: string[] = [];
  const stop = new AbortController();
  const stream = createUserStream({
    mode: "PAPER",
    wsUrl: paper.wsUrl,
    exchange: exchangeTo(paper.url),
    openSocket: (address) => {
      addresses.push(address);
      return new WebSocket(address);
    },
    clock,
    random: Math.random,
    log: { info: () => undefined, warn: () => undefined },
    onEvent: (event) => events.push(event),
  });
  return { stream, events, addresses, stop, ended: stream.run(stop.signal) };
}

test("positions and orders are told as they change, with the venue's time", async () => {
  await using paper = await startPaper();
  await paper.setPrice("ETHUSDT", "3000");
  const { stream, events, stop, ended } = streamTo(paper);
  await waitUntil("it is open", () => stream.connected());
  await paper.call("POST", "/fapi/v1/order", {
    ...{ symbol: "ETHUSDT", side: "BUY", type: "MARKET", quantity: "0.2" },
  });
  const opened = await waitUntil("the position is told", () =>
    events.find(({ kind }) => kind === "position"),
  );
  expect(opened).toMatchObject({ symbol: "ETHUSDT", positionSide: "BOTH", quantity: "0.2" });
  expect(Math.abs(opened.venueMs - Date.now())).toBeLessThan(5000);
  expect(events.some(({ kind, symbol }) => kind === "order" && symbol === "ETHUSDT")).toBe(true);
  await paper.call("POST", "/fapi/v1/algoOrder", {
    ...{ algoType: "CONDITIONAL", symbol: "ETHUSDT", side: "SELL", type: "STOP_MARKET" },
    ...{ triggerPrice: "2900", closePosition: true, workingType: "MARK_PRICE" },
  });
  await waitUntil("the stop is told", () => events.some(({ kind }) => kind === "algo_order"));
  await paper.call("POST", "/fapi/v1/order", {
    ...{ symbol: "ETHUSDT", side: "SELL", type: "MARKET", quantity: "0.2", reduceOnly: true },
  });
  await waitUntil("zero is told", () =>
    events.some((event) => event.kind === "position" && event.quantity === "0"),
  );
  await waitUntil("both orders have begun, each once", () => {
    const begun = events.filter((event) => event.kind === "order" && event.begun);
    return begun.length === 2;
  });
  stop.abort();
  await ended;
  expect(stream.connected()).toBe(false);
});

test("the listen key is the account's: a second process gets the same, and the end of one leaves it to the other", async () => {
  await using paper = await startPaper();
  const first = streamTo(paper);
  const second = streamTo(paper);
  await waitUntil("both are open", () => first.stream.connected() && second.stream.connected());
  expect(second.addresses).toEqual(first.addresses);
  first.stop.abort();
  await first.ended;
  await paper.call("POST", "/fapi/v1/order", {
    ...{ symbol: "ETHUSDT", side: "BUY", type: "MARKET", quantity: "0.2" },
  });
  await waitUntil("the other still hears", () => second.events.length > 0);
  expect(first.events).toEqual([]);
  second.stop.abort();
  await second.ended;
});

test("a venue that gives no key is asked again", async () => {
  await using paper = await startPaper();
  await paper.useFaults({
    rules: [{ match: { path: "/fapi/v1/listenKey" }, count: 2, effect: { kind: "http", status: 500 } }],
  });
  const { stream, stop, ended } = streamTo(paper);
  await waitUntil("it is open", () => stream.connected());
  stop.abort();
  await ended;
});

test("an address that does not fit the mode is refused before anything is asked", () => {
  const make = () =>
    createUserStream({
      mode: "PAPER",
      wsUrl: "wss://fstream.binance.com",
      exchange: exchangeTo("http://127.0.0.1:1"),
      openSocket: (address) => new WebSocket(address),
      clock: systemClock,
      random: Math.random,
      log: { info: () => undefined, warn: () => undefined },
      onEvent: () => undefined,
    });
  expect(make).toThrow(ModeHostError);
});

test("a connection that is taken and never answered is given up for a new one", async () => {
  await using paper = await startPaper();
  const silent = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => undefined } });
  const fiftyTimesAsFast: typeof systemClock.sleep = (ms, signal) => systemClock.sleep(ms / 50, signal);
  const venue = { url: paper.url, wsUrl: `ws://127.0.0.1:${silent.port}` };
  const { stream, addresses, stop, ended } = streamTo(venue, { sleep: fiftyTimesAsFast });
  await waitUntil("a second one was tried", () => addresses.length > 1);
  expect(stream.connected()).toBe(false);
  stop.abort();
  await ended;
  silent.stop(true);
});
