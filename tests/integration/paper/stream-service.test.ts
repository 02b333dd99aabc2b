import { expect, test } from "bun:test";
import { z } from "zod";
import { type PaperFixture, startPaper } from "../../support/paper-exchange.ts";
import { waitUntil } from "../../support/wait-until.ts";

interface Listener extends Disposable {
  readonly heard: Record<string, unknown>[];
  readonly socket: WebSocket;
  closed(): boolean;
}

async function listen(paper: PaperFixture, path: string): Promise<Listener> {
  const heard: Record<string, unknown>[] = [];
  const socket = new WebSocket(`${paper.wsUrl}${path}`);
  let closed = false;
  socket.onmessage = ({ data }) => {
    heard.push(z.record(z.string(), z.unknown()).parse(JSON.parse(String(data))));
  };
  socket.onclose = () => {
    closed = true;
  };
  await waitUntil("the stream is open", () => socket.readyState === WebSocket.OPEN);
  return { heard, socket, closed: () => closed, [Symbol.dispose]: () => socket.close() };
}

async function listenKeyOf(paper: PaperFixture): Promise<string> {
  const reply = await paper.call("POST", "/fapi/v1/listenKey");
  return z.object({ listenKey: z.string() }).parse(reply.body).listenKey;
}

test("mark prices are published every second, with rate and next funding", async () => {
  await using paper = await startPaper();
  await paper.setPrice("BTCUSDT", "60000");
  using one = await listen(paper, "/market/ws/btcusdt@markPrice@1s");
  await waitUntil("two marks came", () => one.heard.length >= 2);
  expect(one.heard[0]).toMatchObject({
    e: "markPriceUpdate",
    s: "BTCUSDT",
    p: "60000.00000000",
    r: "0.00010000",
  });
  const [first, second] = one.heard.map((message) => Number(message["E"]));
  expect(Number(second) - Number(first)).toBeGreaterThan(900);
});

test("best prices are published as they change, combined or bare, and only to who asked", async () => {
  await using paper = await startPaper();
  using combined = await listen(paper, "/stream?streams=btcusdt@bookTicker");
  using all = await listen(paper, "/public/ws");
  all.socket.send(JSON.stringify({ method: "SUBSCRIBE", params: ["!bookTicker"], id: 1 }));
  await waitUntil("the subscription was confirmed", () => all.heard.length === 1);
  await paper.setPrice("BTCUSDT", "61000");
  await paper.setPrice("ETHUSDT", "2600");
  await waitUntil("both prices came", () => all.heard.length >= 3);
  await paper.setPrice("BTCUSDT", "62000");
  await waitUntil("two prices came of one symbol", () => combined.heard.length >= 2);
  expect(combined.heard).toMatchObject([
    { stream: "btcusdt@bookTicker", data: { e: "bookTicker", s: "BTCUSDT", b: "61000.00", a: "61000.10" } },
    { stream: "btcusdt@bookTicker", data: { s: "BTCUSDT", b: "62000.00" } },
  ]);
  await waitUntil("the last price came", () => all.heard.length >= 4);
  expect(all.heard).toMatchObject([
    { result: null, id: 1 },
    { s: "BTCUSDT" },
    { s: "ETHUSDT", b: "2600.00" },
    { s: "BTCUSDT", b: "62000.00" },
  ]);
});

test("the user stream tells an order's life and what it did to the account", async () => {
  await using paper = await startPaper();
  await paper.setPrice("BTCUSDT", "60000");
  using user = await listen(paper, `/private/ws/${await listenKeyOf(paper)}`);
  const order = {
    symbol: "BTCUSDT",
    side: "BUY",
    type: "MARKET",
    quantity: "0.01",
    newClientOrderId: "mine",
  };
  await paper.call("POST", "/fapi/v1/order", order);
  await waitUntil("the account moved", () => user.heard.length >= 3);
  expect(user.heard).toMatchObject([
    { e: "ORDER_TRADE_UPDATE", o: { c: "mine", x: "NEW", X: "NEW", z: "0.000" } },
    {
      e: "ORDER_TRADE_UPDATE",
      o: { c: "mine", x: "TRADE", X: "FILLED", l: "0.010", L: "60000.10", n: "0.24000040", m: false },
    },
    {
      e: "ACCOUNT_UPDATE",
      a: {
        m: "ORDER",
        B: [{ a: "USDT", wb: "99999.75999960" }],
        P: [{ s: "BTCUSDT", pa: "0.010", ep: "60000.10" }],
      },
    },
  ]);
});

test("a stream with a listen key that is not the account's is refused", async () => {
  await using paper = await startPaper();
  const response = await fetch(`${paper.url}/private/ws?listenKey=nobody`, {
    headers: { upgrade: "websocket", connection: "upgrade", "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==" },
  });
  expect(response.status).toBe(400);
});

test("a listen key that ended says so on its stream, and cannot be prolonged", async () => {
  await using paper = await startPaper();
  const key = await listenKeyOf(paper);
  expect(await listenKeyOf(paper)).toBe(key);
  using user = await listen(paper, `/ws/${key}`);
  await paper.admin("POST", "streams", { action: "expire-listen-key" });
  await waitUntil("the end was told", () => user.heard.length === 1);
  expect(user.heard).toMatchObject([{ e: "listenKeyExpired", listenKey: key }]);
  expect((await paper.call("PUT", "/fapi/v1/listenKey")).body).toMatchObject({ code: -1125 });
  expect(await listenKeyOf(paper)).not.toBe(key);
});

test("a listen key runs out by itself", async () => {
  await using paper = await startPaper({ settings: { PAPER_LISTEN_KEY_SEC: 3 } });
  using user = await listen(paper, `/ws/${await listenKeyOf(paper)}`);
  await waitUntil("the end was told", () =>
    user.heard.some((message) => message["e"] === "listenKeyExpired"),
  );
});

test("streams can be muted and dropped", async () => {
  await using paper = await startPaper();
  using one = await listen(paper, "/ws/btcusdt@bookTicker");
  await paper.admin("POST", "streams", { action: "mute" });
  await paper.setPrice("BTCUSDT", "61000");
  await paper.admin("POST", "streams", { action: "unmute" });
  await paper.setPrice("BTCUSDT", "62000");
  await waitUntil("the second price came", () => one.heard.length === 1);
  expect(one.heard).toMatchObject([{ b: "62000.00" }]);
  await paper.admin("POST", "streams", { action: "drop" });
  await waitUntil("the connection ended", () => one.closed());
});
