import { expect, test } from "bun:test";
import { systemClock } from "../../../lib/daemon/clock.ts";
import type { MarkPrice, Reading } from "../../../lib/exchange/exchange.ts";
import { createMarkPrices } from "../../../lib/exchange/mark-prices.ts";
import { ModeHostError } from "../../../lib/exchange/mode-hosts.ts";
import { misfit } from "../../../lib/exchange/read-reply.ts";
import { waitUntil } from "../../support/wait-until.ts";

const quiet = { info: () => undefined, warn: () => undefined };
const failure: Reading<readonly MarkPrice[]> = {
  ok: false,
  outcome: misfit({ method: "GET", path: "/fapi/v1/premiumIndex" }, "down"),
};
const VENUE_MS = 1_700_000_000_000;
const VENUE_TIME = { serverNowMs: () => VENUE_MS, clockSkewMs: () => 5 };
const priceMessage = (price: string, eventMs = VENUE_MS) =>
  JSON.stringify([{ e: "markPriceUpdate", E: eventMs, s: "BTCUSDT", p: price, r: "0.0001" }]);

/** A stream server that counts connections and hands every new one to the test. */
function streamServer(onOpen: (socket: Bun.ServerWebSocket<undefined>, count: number) => void) {
  const paths: string[] = [];
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch(request, self) {
      paths.push(new URL(request.url).pathname);
      return self.upgrade(request, { data: undefined }) ? undefined : new Response("no", { status: 400 });
    },
    websocket: {
      open: (socket: Bun.ServerWebSocket<undefined>) => onOpen(socket, paths.length),
      message: () => undefined,
    },
  });
  return { paths, url: `ws://127.0.0.1:${server.port}`, [Symbol.asyncDispose]: () => server.stop(true) };
}

/** Runs mark prices for the length of a test. */
function running(
  wsUrl: string,
  options: {
    readonly premiumIndex?: () => Promise<Reading<readonly MarkPrice[]>>;
    readonly symbols?: () => readonly string[];
    readonly clock?: typeof systemClock;
  } = {},
) {
  const asked: (string | undefined)[] = [];
  const stop = new AbortController();
  const marks = createMarkPrices({
    mode: "PAPER",
    wsUrl,
    exchange: {
      ...VENUE_TIME,
      premiumIndex: (symbol) => {
        asked.push(symbol);
        return options.premiumIndex?.() ?? Promise.resolve(failure);
      },
    },
    ...(options.symbols ? { symbols: options.symbols } : {}),
    openSocket: (url) => new WebSocket(url),
    clock: options.clock ?? systemClock,
    random: () => 0,
    log: quiet,
  });
  const ended = marks.run(stop.signal);
  return {
    marks,
    asked,
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await ended;
    },
  };
}

/** Real time, so many times as fast to whoever measures with it. */
const timesAsFast = (times: number) => ({
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now() * times,
  sleep: (ms: number, signal?: AbortSignal) => systemClock.sleep(ms / times, signal),
});
const fastClock = timesAsFast(50);

test("a price of the stream is there with the venue's time and the age since it arrived", async () => {
  await using server = streamServer((socket) => socket.send(priceMessage("50000.10")));
  await using run = running(server.url);
  const mark = await waitUntil("the price is there", () => run.marks.markOf("BTCUSDT"));
  expect(mark).toMatchObject({ price: "50000.10", eventMs: VENUE_MS });
  expect(mark.ageMs).toBeWithin(0, 2000);
  expect(server.paths).toEqual(["/market/ws/!markPrice@arr@1s"]);
  expect([run.marks.markOf("ETHUSDT"), run.marks.streaming()]).toEqual([undefined, true]);
});

test("a stream that closes is opened again", async () => {
  await using server = streamServer((socket, count) => {
    socket.send(priceMessage(String(count)));
    if (count === 1) socket.close();
  });
  await using run = running(server.url);
  await waitUntil("the second connection's price is there", () => run.marks.markOf("BTCUSDT")?.price === "2");
});

test("garbage on the stream is no price and ends nothing", async () => {
  await using server = streamServer((socket) => {
    for (const text of ["{", "[]x", '[{"s":1}]', "{}"]) socket.send(text);
    socket.send(new Uint8Array([1, 2]));
    socket.send(priceMessage("7"));
  });
  await using run = running(server.url);
  await waitUntil("the good price is there", () => run.marks.markOf("BTCUSDT")?.price === "7");
});

test("a silent stream is helped out by REST, and one that stays silent is opened anew", async () => {
  await using server = streamServer(() => undefined);
  const value = [{ symbol: "BTCUSDT", price: "42", eventMs: 5 }];
  await using run = running(server.url, {
    premiumIndex: () => Promise.resolve({ ok: true, value }),
    clock: fastClock,
  });
  await waitUntil("REST gave a price", () => run.marks.markOf("BTCUSDT")?.price === "42");
  expect(run.marks.streaming()).toBe(false);
  await waitUntil("a second connection was tried", () => server.paths.length >= 2);
});

test("a stream whose prices are old is helped out by REST, which it does not hide, and is opened anew", async () => {
  await using server = streamServer((socket) => {
    const tell = setInterval(() => {
      if (socket.send(priceMessage("3000", VENUE_MS - 60_000)) <= 0) clearInterval(tell);
    }, 5);
  });
  const value = [{ symbol: "BTCUSDT", price: "2900", eventMs: VENUE_MS }];
  await using run = running(server.url, {
    premiumIndex: () => Promise.resolve({ ok: true, value }),
    clock: fastClock,
  });
  await waitUntil("the stream told its price", () => run.marks.silenceMs() < Number.POSITIVE_INFINITY);
  await waitUntil("REST gave a price", () => run.marks.markOf("BTCUSDT")?.price === "2900");
  expect(run.marks.streaming()).toBe(false);
  await waitUntil("a second connection was tried", () => server.paths.length >= 2);
});

test("a symbol that the stream leaves out is asked for", async () => {
  await using server = streamServer((socket) => {
    const tell = setInterval(() => {
      if (socket.send(priceMessage("3000")) <= 0) clearInterval(tell);
    }, 5);
  });
  const value = [{ symbol: "ETHUSDT", price: "42", eventMs: VENUE_MS }];
  let streams = false;
  await using run = running(server.url, {
    premiumIndex: () => Promise.resolve(streams ? { ok: true, value } : failure),
    symbols: () => ["ETHUSDT"],
    // A stream that does not speak for 0.4 s counts as silent, which would be another reason to ask.
    clock: timesAsFast(5),
  });
  await waitUntil("the stream told its price", () => run.marks.markOf("BTCUSDT"));
  streams = true;
  await waitUntil("REST gave the other one", () => run.marks.markOf("ETHUSDT")?.price === "42");
});

test("few symbols are asked for one by one, none or many all at once", async () => {
  await using server = streamServer(() => undefined);
  await using few = running(server.url, { symbols: () => ["BTCUSDT", "ETHUSDT"] });
  await waitUntil("both were asked for", () => few.asked.length >= 2);
  expect(few.asked.slice(0, 2)).toEqual(["BTCUSDT", "ETHUSDT"]);
  await using none = running(server.url, { symbols: () => [] });
  await waitUntil("all were asked for", () => none.asked.length >= 1);
  expect(none.asked[0]).toBeUndefined();
});

test("when stream and REST both fail there is no price, and silence is for ever", async () => {
  await using run = running("ws://127.0.0.1:1");
  await waitUntil("REST was asked", () => run.asked.length > 0);
  expect(run.marks.markOf("BTCUSDT")).toBeUndefined();
  expect(run.marks.silenceMs()).toBe(Number.POSITIVE_INFINITY);
});

test("a stream of another mode's host is refused before anything is opened", () => {
  expect(() =>
    createMarkPrices({
      mode: "PAPER",
      wsUrl: "wss://fstream.binance.com",
      exchange: { ...VENUE_TIME, premiumIndex: () => Promise.resolve(failure) },
      openSocket: () => {
        throw new Error("opened");
      },
      clock: systemClock,
      random: () => 0,
      log: quiet,
    }),
  ).toThrow(ModeHostError);
});
