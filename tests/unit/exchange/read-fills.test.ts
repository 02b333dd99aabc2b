import { expect, test } from "bun:test";
import { readFills } from "../../../lib/exchange/read-fills.ts";
import { type Heard, stubVenue, transportTo } from "./stub-venue.ts";

const trade = (id: number, more: object = {}) => ({
  symbol: "BTCUSDT",
  id,
  orderId: 7,
  price: "100",
  qty: "1",
  quoteQty: "100",
  realizedPnl: "0",
  commission: "0.01",
  commissionAsset: "USDT",
  time: 1_700_000_000_000 + id,
  ...more,
});
const ORDER = { symbol: "BTCUSDT", orderId: "7" };
const noPrice = () => Promise.resolve(undefined);

async function readFrom(answer: (heard: Heard) => object, priceUsdOf: typeof priced = noPrice) {
  await using venue = stubVenue((heard) => Response.json(answer(heard)));
  const reading = await readFills(transportTo(venue.url).transport, ORDER, priceUsdOf);
  return { reading, heard: [...venue.heard] };
}
const priced = (asset: string): Promise<string | undefined> =>
  Promise.resolve(asset === "BNB" ? "600" : undefined);

test("more trades than a page are read page by page, each once", async () => {
  const all = Array.from({ length: 2300 }, (_, index) => trade(index + 1));
  const { reading, heard } = await readFrom(({ url }) => {
    const from = Number(url.searchParams.get("fromId") ?? "0");
    return all.filter((one) => one.id >= from).slice(0, 1000);
  });
  expect(reading).toMatchObject({ ok: true, value: { quantity: "2300", tradeCount: 2300 } });
  expect(heard.map(({ url }) => url.searchParams.get("fromId"))).toEqual([null, "1001", "2001"]);
});

test("trades of another order in the answer do not count", async () => {
  const { reading } = await readFrom(() => [trade(1), trade(2, { orderId: 8 })]);
  expect(reading).toMatchObject({ ok: true, value: { quantity: "1" } });
});

test("fees in BNB are priced, in an asset without a price named", async () => {
  const answer = () => [trade(1, { commissionAsset: "BNB" }), trade(2, { commissionAsset: "XYZ" })];
  const { reading } = await readFrom(answer, priced);
  expect(reading).toMatchObject({ ok: true, value: { feeUsd: "6", unpricedFeeAssets: ["XYZ"] } });
});

test("a page that fails fails the whole reading: half an order is no price", async () => {
  const { reading } = await readFrom(({ url }) =>
    url.searchParams.has("fromId")
      ? { code: -1000 }
      : Array.from({ length: 1000 }, (_, index) => trade(index + 1)),
  );
  expect(reading).toMatchObject({ ok: false });
});
