import { expect, test } from "bun:test";
import { createSigner } from "../../../lib/exchange/sign-request.ts";

test("the venue's documented example gives the documented signature, twice from one signer", () => {
  const sign = createSigner("2b5eb11e18796d12d88f13dc27dbbd02c2cc51ff7059765ed9821957d82bb4d9");
  const payload =
    "symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=1&price=9000&timeInForce=GTC&recvWindow=5000&timestamp=1591702613943";
  const expected = "3c661234138461fcc7a7d8746c6558c9842d4e10870d2ecbedf7777cad694af9";
  expect([sign(payload), sign(payload)]).toEqual([expected, expected]);
});
