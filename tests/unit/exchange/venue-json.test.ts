import { expect, test } from "bun:test";
import { parseVenueJson } from "../../../lib/exchange/venue-json.ts";

test.each([
  ['{"orderId":8389765506234511234}', { orderId: "8389765506234511234" }],
  ['{"orderId":9007199254740991}', { orderId: 9007199254740991 }],
  ['[{"id":1,"at":1700000000000}]', [{ id: 1, at: 1700000000000 }]],
  ['{"price":"0.12345678901234567890"}', { price: "0.12345678901234567890" }],
  ['{"ratio":0.1250000000000000000}', { ratio: 0.125 }],
])("%s keeps every digit of its ids", (text, value) => {
  expect(parseVenueJson(text)).toEqual({ ok: true, value });
});

test.each(["", "<html>", '{"a":'])("%p is no JSON, and says so without throwing", (text) => {
  expect(parseVenueJson(text)).toEqual({ ok: false });
});
