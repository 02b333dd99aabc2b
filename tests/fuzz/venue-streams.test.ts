import fc from "fast-check";
import { createMarkPrices } from "../../lib/exchange/mark-prices.ts";
import { createUserStream, type UserEvent } from "../../lib/exchange/user-stream.ts";
import { isSigned } from "./allowed.ts";
import { fuzz, must } from "./fuzz.ts";
import { hostileJson, jsonTexts, mutated } from "./hostile.ts";

const MARK = {
  e: "markPriceUpdate",
  E: 1_772_359_200_000,
  s: "BTCUSDT",
  p: "50000.1",
  i: "50000",
  r: "0.0001",
};
const POSITION = { s: "BTCUSDT", pa: "-1.5", ep: "50000", ps: "BOTH" };
const ACCOUNT = { e: "ACCOUNT_UPDATE", T: 1, a: { P: [POSITION] } };
const ORDER = { e: "ORDER_TRADE_UPDATE", T: 1, o: { s: "BTCUSDT" } };

/** A socket that the test speaks for. */
function openedSockets() {
  const opened: EventTarget[] = [];
  const openSocket = () => {
    const socket = Object.assign(new EventTarget(), { close: () => undefined });
    opened.push(socket);
    // The part of a WebSocket that a reader uses.
    return socket as unknown as WebSocket;
  };
  const say = (data: unknown) => {
    for (const socket of opened) socket.dispatchEvent(new MessageEvent("message", { data }));
  };
  return { openSocket, say };
}

const silent = { info: () => undefined, warn: () => undefined };
const clock = { monotonicMs: () => 0, sleep: (_ms: number, signal?: AbortSignal) => untilAborted(signal) };

function untilAborted(signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) resolve();
    signal?.addEventListener("abort", () => resolve(), { once: true });
  });
}

const marks = fc.array(fc.oneof(mutated<unknown>(MARK, hostileJson), hostileJson), { maxLength: 4 });

fuzz("a mark price is a positive decimal, or none; a bad one hides no other", {
  input: fc.oneof(
    marks.map((list) => JSON.stringify(list)),
    jsonTexts(MARK),
  ),
  once: [JSON.stringify([{ ...MARK, p: "NaN" }]), JSON.stringify([{ ...MARK, p: "0" }])],
  check: async (message) => {
    const { openSocket, say } = openedSockets();
    const stopping = new AbortController();
    const premiumIndex = () => new Promise<never>(() => undefined);
    const exchange = { premiumIndex, serverNowMs: () => 0, clockSkewMs: () => 0 };
    const prices = createMarkPrices({
      ...{ mode: "PAPER", exchange, openSocket, clock, random: () => 0, log: silent },
    });
    const running = prices.run(stopping.signal);
    say(message);
    say(
      JSON.stringify([
        { ...MARK, p: "-1" },
        { ...MARK, s: "ETHUSDT", p: "3000" },
      ]),
    );
    const seen = [prices.markOf("BTCUSDT"), prices.markOf("ETHUSDT")];
    for (const mark of seen) {
      const sound = mark === undefined || (Number.isFinite(Number(mark.price)) && Number(mark.price) > 0);
      must(sound, "price", { message, mark });
    }
    must(seen[1] !== undefined, "the other symbol's", seen);
    stopping.abort();
    void running;
  },
});

fuzz("an account event is whole or none", {
  input: fc.oneof(
    fc
      .array(mutated<unknown>(POSITION, hostileJson), { maxLength: 3 })
      .map((P) => JSON.stringify({ ...ACCOUNT, a: { P } })),
    jsonTexts(ACCOUNT),
    jsonTexts(ORDER),
  ),
  check: async (message) => {
    const { openSocket, say } = openedSockets();
    const stopping = new AbortController();
    const events: UserEvent[] = [];
    const exchange = { openListenKey: async () => ({ ok: true as const, value: "key" }) };
    const stream = createUserStream({
      ...{ mode: "PAPER", exchange, openSocket, clock, random: () => 0, log: silent },
      onEvent: (event) => void events.push(event),
    });
    const running = stream.run(stopping.signal);
    await Promise.resolve();
    await Promise.resolve();
    say(message);
    for (const event of events) {
      must(Number.isInteger(event.venueMs), "time", event);
      if (event.kind === "position")
        must(isSigned(event.quantity) && isSigned(event.entryPrice), "amounts", event);
    }
    stopping.abort();
    await running;
  },
});
