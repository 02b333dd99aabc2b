import { expect, test } from "bun:test";
import {
  type Credentials,
  checkKey,
  checkSigned,
  signatureOf,
} from "../../../lib/paper/http/authenticate.ts";

// The venue's own documented example.
const SECRET = "2b5eb11e18796d12d88f13dc27dbbd02c2cc51ff7059765ed9821957d82bb4d9";
const PAYLOAD =
  "symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=1&price=9000&timeInForce=GTC&recvWindow=5000&timestamp=1591702613943";
const SIGNATURE = "3c661234138461fcc7a7d8746c6558c9842d4e10870d2ecbedf7777cad694af9";
const SIGNED_AT_MS = 1_591_702_613_943;

const credentials = (): Credentials => ({ secrets: new Map([["key", SECRET]]), forbidden: false });

interface Sent {
  readonly query?: string;
  readonly body?: string;
  readonly apiKey?: string | null;
  readonly nowMs?: number;
}

function judge(sent: Sent, known = credentials()): number | undefined {
  const { query = "", body = "", apiKey = "key", nowMs = SIGNED_AT_MS } = sent;
  const params = new Map([...new URLSearchParams(query), ...new URLSearchParams(body)]);
  return checkSigned(known, { query, body, apiKey, nowMs, params })?.code;
}

const signed = (payload: string) => `${payload}&signature=${signatureOf(payload, SECRET)}`;

test("the documented example has the documented signature", () => {
  expect(signatureOf(PAYLOAD, SECRET)).toBe(SIGNATURE);
});

test.each<[string, Sent]>([
  ["in the query", { query: `${PAYLOAD}&signature=${SIGNATURE}` }],
  ["in the body", { body: `${PAYLOAD}&signature=${SIGNATURE}` }],
  ["before what it signs", { query: `signature=${SIGNATURE}&${PAYLOAD}` }],
  ["in capitals", { query: `${PAYLOAD}&signature=${SIGNATURE.toUpperCase()}` }],
  [
    "over query and body together, without a separator",
    {
      query: "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC",
      // Computed with openssl over the two texts put together.
      body: "quantity=1&price=9000&recvWindow=5000&timestamp=1591702613943&signature=30baaf0fab549bbeda7f5ef201898b34122da25fd23c646cac2c529aebe670a4",
    },
  ],
])("a signature %s is accepted", (_, sent) => {
  expect(judge(sent)).toBeUndefined();
});

test.each<[string, Sent, number]>([
  ["no API key", { query: signed(PAYLOAD), apiKey: null }, -2014],
  ["an empty API key", { query: signed(PAYLOAD), apiKey: "" }, -2014],
  ["an unknown API key", { query: signed(PAYLOAD), apiKey: "other" }, -2015],
  ["no timestamp", { query: signed("symbol=BTCUSDT") }, -1102],
  ["a timestamp that is no number", { query: signed("timestamp=now") }, -1102],
  ["no signature", { query: PAYLOAD }, -1102],
  ["another signature", { query: `${PAYLOAD}&signature=${SIGNATURE.replace("3", "4")}` }, -1022],
  ["a short signature", { query: `${PAYLOAD}&signature=3c66` }, -1022],
  ["a changed parameter", { query: signed(PAYLOAD).replace("9000", "9001") }, -1022],
  ["a recvWindow above a minute", { query: signed("timestamp=1591702613943&recvWindow=60001") }, -1131],
])("%s is refused", (_, sent, code) => {
  expect(judge(sent)).toBe(code);
});

test.each([
  ["as old as the window", 5000, undefined],
  ["older than the window", 5001, -1021],
  ["999 ms ahead", -999, undefined],
  ["1000 ms ahead", -1000, -1021],
])("a request %s: %p", (_, ageMs, code) => {
  expect(judge({ query: signed(PAYLOAD), nowMs: SIGNED_AT_MS + ageMs })).toBe(code);
});

test("the default window is five seconds", () => {
  const query = signed("timestamp=1591702613943");
  expect(judge({ query, nowMs: SIGNED_AT_MS + 5000 })).toBeUndefined();
  expect(judge({ query, nowMs: SIGNED_AT_MS + 5001 })).toBe(-1021);
});

test("credentials that were forbidden are refused whatever they sign", () => {
  const forbidden = { ...credentials(), forbidden: true };
  expect(judge({ query: signed(PAYLOAD) }, forbidden)).toBe(-2015);
  expect(checkKey(forbidden, "key")?.code).toBe(-2015);
});
