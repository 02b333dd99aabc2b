import fc from "fast-check";
import type { z } from "zod";
import { classifyOutcome } from "../../lib/exchange/classify-outcome.ts";
import { readReply } from "../../lib/exchange/read-reply.ts";
import { readSymbolRules } from "../../lib/exchange/read-symbol-rules.ts";
import { parseVenueJson } from "../../lib/exchange/venue-json.ts";
import {
  algoOrderSchema,
  exchangeInfoSchema,
  markPriceSchema,
  positionSchema,
  venueOrderSchema,
  venueTradeSchema,
} from "../../lib/exchange/venue-replies.ts";
import { parseAlgo } from "../../lib/paper/wire/parse-algo.ts";
import { parseOrder } from "../../lib/paper/wire/parse-order.ts";
import { redisAddress } from "../../lib/redis/redis-address.ts";
import { RedisReplyError } from "../../lib/redis/redis-errors.ts";
import { listReply, type RedisReply, recordReply, UnexpectedReplyError } from "../../lib/redis/reply.ts";
import { createReplyParser, ProtocolError } from "../../lib/redis/reply-parser.ts";
import {
  decodeAutoClaimReply,
  decodeEntries,
  decodeReadReply,
  encodeFields,
} from "../../lib/redis/stream-entry.ts";
import { isNullOr, isSigned } from "./allowed.ts";
import { fuzz, must } from "./fuzz.ts";
import { garbled, hostileJson, hostileText, jsonTexts, mutated } from "./hostile.ts";

const ORDER = {
  ...{
    symbol: "BTCUSDT",
    orderId: 1,
    clientOrderId: "q",
    status: "FILLED",
    side: "BUY",
    positionSide: "BOTH",
  },
  ...{ reduceOnly: false, origQty: "1", executedQty: "1", avgPrice: "100", updateTime: 1 },
};
const ALGO = {
  ...{
    symbol: "BTCUSDT",
    algoId: 1,
    clientAlgoId: "q",
    algoStatus: "NEW",
    orderType: "STOP_MARKET",
    side: "SELL",
  },
  ...{ positionSide: "BOTH", triggerPrice: "90", quantity: "", closePosition: true, reduceOnly: true },
};
const POSITION = {
  ...{ symbol: "BTCUSDT", positionSide: "BOTH", positionAmt: "-1", entryPrice: "100", markPrice: "101" },
  ...{ unRealizedProfit: "-1", updateTime: 1 },
};
const TRADE = {
  ...{ symbol: "BTCUSDT", id: 1, orderId: 1, price: "100", qty: "1", quoteQty: "100", realizedPnl: "0" },
  ...{ commission: "0.1", commissionAsset: "USDT", time: 1 },
};
const MARK = { symbol: "BTCUSDT", markPrice: "100", time: 1 };
const LOT = { filterType: "LOT_SIZE", minQty: "0.001", maxQty: "100", stepSize: "0.001" };
const RULES = {
  ...{ symbol: "BTCUSDT", status: "TRADING", quoteAsset: "USDT" },
  filters: [LOT, { filterType: "PRICE_FILTER", minPrice: "1", maxPrice: "1000000", tickSize: "0.1" }],
};
const REQUEST = { method: "POST", path: "/fapi/v1/order" } as const;
const SCHEMAS: readonly (readonly [object, z.ZodType<object>, readonly string[]])[] = [
  [ORDER, venueOrderSchema, ["originalQuantity", "executedQuantity", "averagePrice"]],
  [ALGO, algoOrderSchema, ["triggerPrice", "quantity"]],
  [POSITION, positionSchema, ["quantity", "entryPrice", "markPrice", "unrealisedPnlUsd"]],
  [TRADE, venueTradeSchema, ["price", "qty", "quoteQty", "commission"]],
  [MARK, markPriceSchema, ["price"]],
];

for (const [valid, schema, amounts] of SCHEMAS) {
  fuzz(
    `a venue's reply with ${Object.keys(valid).slice(1, 3).join(", ")} … is understood whole or in doubt`,
    {
      input: jsonTexts({ ...valid }),
      check: (text) => {
        const parsed = parseVenueJson(text);
        if (!parsed.ok) return;
        const reading = readReply(
          REQUEST,
          { ok: true, json: parsed.value, askedAtMs: 0, receivedAtMs: 1 },
          schema,
        );
        if (!reading.ok) return must(reading.outcome.class === "UNKNOWN", "an order stays in doubt", reading);
        const fields = new Map<string, unknown>(Object.entries(reading.value));
        for (const name of amounts) must(isNullOr(isSigned)(fields.get(name)), name, reading.value);
      },
    },
  );
}

fuzz("whatever the venue answers is classified, and a POST that is in doubt is never to be sent blindly", {
  input: fc.record({
    method: fc.constantFrom("GET", "POST", "PUT", "DELETE"),
    status: fc.oneof(
      fc.constantFrom(200, 400, 401, 408, 418, 429, 500, 502, 503, 504),
      fc.integer({ min: 100, max: 999 }),
    ),
    body: fc.oneof(jsonTexts({ code: -1007, msg: "Timeout" }), hostileText),
    retryAfter: fc.option(hostileText, { nil: null }),
  }),
  check: ({ method, ...reply }) => {
    const outcome = classifyOutcome({
      method,
      answer: { kind: "reply", ...reply },
      nowMs: 1_772_359_200_000,
    });
    must(!(method === "POST" && outcome.class === "UNKNOWN" && outcome.retryable), "blind resend", outcome);
    if (outcome.retryAfterMs !== null)
      must(Number.isFinite(outcome.retryAfterMs) && outcome.retryAfterMs >= 0, "retry after", outcome);
  },
});

fuzz("rules of a symbol are whole or there are none; one bad symbol hides no other", {
  input: fc.array(fc.oneof(mutated<unknown>(RULES, hostileJson), hostileJson), { maxLength: 4 }),
  check: (symbols) => {
    const info = exchangeInfoSchema.safeParse({ rateLimits: [], symbols: [...symbols, RULES] });
    must(info.success && readSymbolRules(info.data.symbols.at(-1)) !== undefined, "the good one", info);
    for (const symbol of symbols) {
      const rules = readSymbolRules(symbol);
      if (rules === undefined) continue;
      const { tickSize, priceMin, priceMax, lot, marketLot, minNotionalUsd } = rules;
      for (const one of [
        tickSize,
        priceMin,
        priceMax,
        minNotionalUsd,
        ...Object.values(lot),
        ...Object.values(marketLot),
      ])
        must(isSigned(one), "rule", rules);
    }
  },
});

const params = mutated<string>(
  {
    ...{ symbol: "BTCUSDT", side: "BUY", type: "LIMIT", quantity: "1", price: "100", timeInForce: "GTC" },
    ...{
      newClientOrderId: "q",
      reduceOnly: "false",
      algoType: "CONDITIONAL",
      triggerPrice: "90",
      clientAlgoId: "a",
    },
  },
  hostileText,
).map((record) => new Map(Object.entries(record)));

fuzz("the paper exchange reads a request whole or refuses it with the venue's code", {
  input: params,
  check: (given) => {
    for (const parsed of [parseOrder(given), parseAlgo(given)]) {
      if ("rejected" in parsed)
        must(typeof parsed.rejected === "string" || parsed.rejected !== undefined, "code", parsed);
    }
  },
});

/** RESP2 as a server writes it. */
function encode(reply: RedisReply): string {
  if (reply === null) return "$-1\r\n";
  if (typeof reply === "number") return `:${reply}\r\n`;
  if (typeof reply === "string") return `$${Buffer.byteLength(reply)}\r\n${reply}\r\n`;
  return `*${reply.length}\r\n${reply.map(encode).join("")}`;
}
const { reply: anyReply } = fc.letrec<{ reply: RedisReply }>((tie) => ({
  reply: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.string({ unit: "grapheme", maxLength: 20 }),
    fc.maxSafeInteger(),
    fc.constant(null),
    fc.array(tie("reply"), { maxLength: 5 }),
  ),
}));

function feed(bytes: Buffer, cuts: readonly number[]): { replies: unknown[]; broken: boolean } {
  const replies: unknown[] = [];
  const parser = createReplyParser((reply) =>
    replies.push(reply instanceof RedisReplyError ? reply.message : reply),
  );
  const edges = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].toSorted(
    (one, other) => one - other,
  );
  try {
    for (const [at, edge] of edges.slice(1).entries())
      parser.push(Buffer.from(bytes.subarray(edges[at], edge)));
    return { replies, broken: false };
  } catch (error) {
    must(error instanceof ProtocolError, "only a protocol error", error);
    return { replies, broken: true };
  }
}

fuzz("Redis' replies are read the same however their bytes are cut", {
  input: fc.record({
    replies: fc.array(anyReply, { maxLength: 4 }),
    cuts: fc.array(fc.nat(), { maxLength: 8 }),
  }),
  check: ({ replies, cuts }) => {
    const read = feed(Buffer.from(replies.map(encode).join("")), cuts);
    must(!read.broken && Bun.deepEquals(read.replies, replies), "what was sent", read);
  },
});

fuzz("bytes that are no replies are said to be none, however they are cut", {
  input: fc.record({
    bytes: fc.oneof(
      garbled(fc.array(anyReply, { maxLength: 4 }).map((all) => all.map(encode).join(""))).map((text) =>
        Buffer.from(text),
      ),
      fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes)),
    ),
    cuts: fc.array(fc.nat(), { maxLength: 8 }),
  }),
  check: ({ bytes, cuts }) => {
    const [whole, pieces] = [feed(bytes, []), feed(bytes, cuts)];
    must(whole.broken === pieces.broken, "broken or not", { whole, pieces });
    must(Bun.deepEquals(whole.replies, pieces.replies), "what was read before", { whole, pieces });
  },
});

fuzz("pages of a stream are decoded or refused, and no field of an entry is lost", {
  input: fc.record({
    fields: fc.dictionary(fc.oneof(fc.constant("__proto__"), hostileText), hostileText, { maxKeys: 4 }),
    other: anyReply,
  }),
  once: [{ fields: JSON.parse('{"__proto__":"x"}'), other: null }],
  check: ({ fields, other }) => {
    const page = decodeReadReply([["s", [["1-1", [...encodeFields(fields)]]]]]);
    must(
      Bun.deepEquals(Object.entries(page.entries[0]?.fields ?? {}), Object.entries(fields)),
      "fields",
      page,
    );
    for (const decode of [decodeReadReply, decodeAutoClaimReply, decodeEntries, recordReply, listReply]) {
      try {
        decode(other);
      } catch (error) {
        must(error instanceof UnexpectedReplyError, "refusal", error);
      }
    }
  },
});

fuzz("an address of Redis is understood or refused, and its password never in the refusal", {
  input: garbled(
    fc.constantFrom("redis://user:hunter2secret@127.0.0.1:6379/0", "unix:///run/redis.sock", "rediss://h"),
  ),
  check: (url) => {
    try {
      redisAddress(url);
    } catch (error) {
      must(error instanceof Error && !error.message.includes("hunter2secret"), "password", error);
    }
  },
});
