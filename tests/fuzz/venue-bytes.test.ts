/** What the venue sends, as bytes on a socket: replies that are no text, and frames that break the protocol. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { createServer, type Server, type Socket } from "node:net";
import fc from "fast-check";
import { systemClock } from "../../lib/daemon/clock.ts";
import { createMarkPrices } from "../../lib/exchange/mark-prices.ts";
import { ENTRY, exchangeTo, signNow } from "../integration/exchange/exchange-to.ts";
import { waitUntil } from "../support/wait-until.ts";
import { isSigned } from "./allowed.ts";
import { bytesLike } from "./byte-requests.ts";
import { fuzz, must } from "./fuzz.ts";

const POSITION = {
  ...{ symbol: "BTCUSDT", positionSide: "BOTH", positionAmt: "-1", entryPrice: "100", markPrice: "101" },
  ...{ unRealizedProfit: "-1", updateTime: 1 },
};
const ORDER = {
  ...{
    symbol: "BTCUSDT",
    orderId: 1,
    clientOrderId: "entry-1",
    status: "FILLED",
    side: "BUY",
    positionSide: "BOTH",
  },
  ...{ reduceOnly: false, origQty: "1", executedQty: "1", avgPrice: "100", updateTime: 1 },
};
const MARK = JSON.stringify([{ e: "markPriceUpdate", E: 1_772_359_200_000, s: "BTCUSDT", p: "50000.1" }]);

/** Answers every request with the bytes of the moment. */
let answer = Buffer.alloc(0);
let server: Server;
let url = "";
beforeAll(async () => {
  server = createServer((socket) => answerAll(socket)).listen(0, "127.0.0.1");
  await waitUntil("it listens", () => server.listening);
  url = `http://127.0.0.1:${portOf(server)}`;
});
afterAll(() => void server.close());

function portOf(listening: Server): number {
  const address = listening.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

function answerAll(socket: Socket): void {
  socket.on("error", () => undefined);
  socket.once("data", () => socket.end(answer));
}

const heads = fc.oneof(
  { weight: 5, arbitrary: fc.constant("HTTP/1.1 200 OK\r\nContent-Type: application/json") },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      ...["HTTP/1.1 503 x\r\nRetry-After: 1e9", "HTTP/1.1 200 OK\r\nContent-Encoding: gzip"],
      ...[
        "HTTP/1.1 429 x\r\nRetry-After: \xff",
        "HTTP/1.1 302 x\r\nLocation: http://127.0.0.1:1/",
        "nonsense",
      ],
    ),
  },
);

fuzz("a reply of bytes that are no text is an outcome, and an order behind it stays in doubt or is true", {
  share: 0.5,
  input: fc.record({
    head: heads,
    body: bytesLike(JSON.stringify([POSITION]), JSON.stringify(ORDER), '{"code":-2019,"msg":"no"}'),
  }),
  check: async ({ head, body }) => {
    const length = `\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n`;
    answer = Buffer.concat([Buffer.from(head, "latin1"), Buffer.from(length), body]);
    const exchange = exchangeTo(url);
    const positions = await exchange.positions();
    if (positions.ok)
      for (const one of positions.value)
        must(isSigned(one.quantity) && isSigned(one.entryPrice), "amounts", one);
    const sent = await exchange.submitOrder(ENTRY, signNow(exchange));
    if (sent.phase === "accepted")
      must(sent.order.clientOrderId === ENTRY.clientOrderId, "whose order", sent);
    else if (head === "nonsense" || !/^HTTP\/1.1 (?:200|429)/.test(head)) return;
    else must(!(sent.phase === "ambiguous" && sent.retryable), "blind resend", sent);
  },
});

/** A frame as RFC 6455 has it, or not: the first byte and the payload are anything. */
function frame(first: number, payload: Buffer): Buffer {
  const length =
    payload.length < 126
      ? Buffer.from([payload.length])
      : Buffer.from([126, payload.length >> 8, payload.length & 255]);
  return Buffer.concat([Buffer.from([first]), length, payload]);
}

/** A WebSocket server that says `frames` to each connection once it is open. */
async function speaking(frames: () => readonly Buffer[]) {
  const open = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.once("data", (request) => {
      const key = /sec-websocket-key: *(\S+)/i.exec(request.toString())?.[1] ?? "";
      const accept = new Bun.CryptoHasher("sha1")
        .update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
        .digest("base64");
      const upgrade = [
        "HTTP/1.1 101 x",
        "Upgrade: websocket",
        "Connection: Upgrade",
        `Sec-WebSocket-Accept: ${accept}`,
      ];
      socket.write(`${upgrade.join("\r\n")}\r\n\r\n`);
      for (const one of frames()) socket.write(one);
    });
  }).listen(0, "127.0.0.1");
  await waitUntil("it listens", () => open.listening);
  return { url: `ws://127.0.0.1:${portOf(open)}`, [Symbol.dispose]: () => void open.close() };
}

/** Fifty times as fast: what falls silent is given up sooner, and the next connection comes at once. */
const HASTY = {
  ...systemClock,
  monotonicMs: () => performance.now() * 50,
  sleep: (ms: number, signal?: AbortSignal) => systemClock.sleep(ms / 50, signal),
};
const SEED = Number(Bun.env["FUZZ_SEED"] ?? Date.now() % 1_000_000);
const TEXT = 0x81;
const garbage = fc.tuple(
  fc.oneof(fc.constantFrom(TEXT, 0x82, 0x01, 0x80, 0x88, 0x89, 0xff), fc.nat({ max: 255 })),
  bytesLike(MARK),
);

test(`frames of bytes (seed ${SEED}) end no reader of prices: the connection after them gives some`, async () => {
  const all = fc
    .sample(garbage, { numRuns: 30, seed: SEED })
    .map(([first, payload]) => frame(first, payload));
  let connections = 0;
  using venue = await speaking(() => {
    connections += 1;
    const three = all.slice(3 * connections - 3, 3 * connections);
    return three.length === 0 ? [frame(TEXT, Buffer.from(MARK))] : three;
  });
  const stopping = new AbortController();
  let newest: { readonly socket: WebSocket; readonly atMs: number } | undefined;
  const premiumIndex = () => new Promise<never>(() => undefined);
  const prices = createMarkPrices({
    ...{ mode: "PAPER", wsUrl: venue.url },
    exchange: { premiumIndex, serverNowMs: () => 0, clockSkewMs: () => 0 },
    ...{ clock: HASTY, random: () => 0, log: { info: () => undefined, warn: () => undefined } },
    openSocket: (address) => {
      const socket = new WebSocket(address);
      newest = { socket, atMs: performance.now() };
      return socket;
    },
  });
  const running = prices.run(stopping.signal);
  await waitUntil("a price comes after all of it", () => {
    const price = prices.markOf("BTCUSDT")?.price;
    if (price !== undefined) expect(Number(price)).toBeGreaterThan(0);
    // A reader that a frame did not end waits for the next one: the venue closes.
    const isOver = performance.now() - (newest?.atMs ?? 0) > 50;
    if (connections <= all.length / 3 && isOver) newest?.socket.close();
    return connections > all.length / 3 && price === "50000.1";
  });
  stopping.abort();
  // It waits for the answer to its question by REST, which never comes here.
  void running;
}, 120_000);
