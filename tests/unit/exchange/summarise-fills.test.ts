import { expect, test } from "bun:test";
import { feeAssetsToPrice, summariseFills } from "../../../lib/exchange/summarise-fills.ts";
import type { VenueTrade } from "../../../lib/exchange/venue-replies.ts";

const TRADE: VenueTrade = {
  symbol: "BTCUSDT",
  id: "1",
  orderId: "7",
  price: "100",
  qty: "1",
  quoteQty: "100",
  realizedPnl: "0",
  commission: "0.04",
  commissionAsset: "USDT",
  time: 1000,
};
const noPrice = () => undefined;

test("the average is quote by quantity, the time that of the last trade", () => {
  const second = {
    ...TRADE,
    id: "2",
    qty: "3",
    quoteQty: "306",
    commission: "0.1224",
    realizedPnl: "-2.5",
    time: 2000,
  };
  expect(summariseFills([second, TRADE], noPrice)).toEqual({
    averagePrice: "101.5",
    quantity: "4",
    quoteUsd: "406",
    feeUsd: "0.1624",
    unpricedFeeAssets: [],
    realisedPnlUsd: "-2.5",
    tradeCount: 2,
    lastTradeMs: 2000,
  });
});

test("a trade counts once by id and symbol, however often it is reported", () => {
  const elsewhere = { ...TRADE, symbol: "ETHUSDT" };
  expect(summariseFills([TRADE, TRADE, elsewhere], noPrice).quantity).toBe("2");
});

test("fees in BNB are converted by its price, others without a price are named and not counted", () => {
  const trades = [
    { ...TRADE, commissionAsset: "BNB", commission: "0.001" },
    { ...TRADE, id: "2", commissionAsset: "XYZ", commission: "5" },
    { ...TRADE, id: "3", commissionAsset: "USDC", commission: "0.01" },
  ];
  const fills = summariseFills(trades, (asset) => (asset === "BNB" ? "600.5" : undefined));
  expect([fills.feeUsd, fills.unpricedFeeAssets]).toEqual(["0.6105", ["XYZ"]]);
  expect(feeAssetsToPrice(trades)).toEqual(["BNB", "XYZ"]);
});

test("no trades have no price, never a price of zero", () => {
  expect(summariseFills([], noPrice)).toMatchObject({ averagePrice: null, quantity: "0", lastTradeMs: null });
});
