import { type AccountFigures, accountFigures } from "../engine/margin.ts";
import type { VenueState } from "../engine/venue-state.ts";
import { moneyText } from "../engine/wire-decimals.ts";
import { accountPosition, accountPositionV2, isOccupied, legsOf } from "./position-view.ts";

/** GET /fapi/v2 and v3 balance. `accountAlias` is the account's identity, whatever the API key. */
export function balanceReport(state: VenueState, at: { accountAlias: string; nowMs: number }) {
  const figures = accountFigures(state);
  return [
    {
      accountAlias: at.accountAlias,
      asset: "USDT",
      balance: moneyText(state.wallet),
      crossWalletBalance: moneyText(figures.crossWallet),
      crossUnPnl: moneyText(figures.crossUnrealised),
      availableBalance: moneyText(figures.available),
      maxWithdrawAmount: moneyText(figures.available),
      marginAvailable: true,
      updateTime: at.nowMs,
    },
  ];
}

/** GET /fapi/v3/account: only legs in use. */
export function accountReport(state: VenueState, nowMs: number) {
  const figures = accountFigures(state);
  const positions = [...state.symbols.values()].flatMap((symbol) =>
    legsOf(state, symbol)
      .filter((leg) => isOccupied(symbol, leg))
      .map((leg) => accountPosition({ symbol, leg, figures })),
  );
  return { ...totals(state, figures), assets: assets(state, figures, nowMs), positions };
}

/** GET /fapi/v2/account: every leg of every symbol, with leverage, and the account's permissions. */
export function accountReportV2(state: VenueState, nowMs: number) {
  const figures = accountFigures(state);
  return {
    feeTier: 0,
    canTrade: true,
    canDeposit: true,
    canWithdraw: true,
    feeBurn: false,
    tradeGroupId: -1,
    updateTime: 0,
    multiAssetsMargin: false,
    ...totals(state, figures),
    assets: assets(state, figures, nowMs),
    positions: [...state.symbols.values()].flatMap((symbol) =>
      legsOf(state, symbol).map((leg) => accountPositionV2({ symbol, leg, figures })),
    ),
  };
}

function totals(state: VenueState, figures: AccountFigures) {
  return {
    totalInitialMargin: moneyText(figures.positionMargin.plus(state.heldMargin)),
    totalMaintMargin: moneyText(figures.maintenance),
    totalWalletBalance: moneyText(state.wallet),
    totalUnrealizedProfit: moneyText(figures.unrealised),
    totalMarginBalance: moneyText(state.wallet.plus(figures.unrealised)),
    totalPositionInitialMargin: moneyText(figures.positionMargin),
    totalOpenOrderInitialMargin: moneyText(state.heldMargin),
    totalCrossWalletBalance: moneyText(figures.crossWallet),
    totalCrossUnPnl: moneyText(figures.crossUnrealised),
    availableBalance: moneyText(figures.available),
    maxWithdrawAmount: moneyText(figures.available),
  };
}

function assets(state: VenueState, figures: AccountFigures, nowMs: number) {
  return [
    {
      asset: "USDT",
      walletBalance: moneyText(state.wallet),
      unrealizedProfit: moneyText(figures.unrealised),
      marginBalance: moneyText(state.wallet.plus(figures.unrealised)),
      maintMargin: moneyText(figures.maintenance),
      initialMargin: moneyText(figures.positionMargin.plus(state.heldMargin)),
      positionInitialMargin: moneyText(figures.positionMargin),
      openOrderInitialMargin: moneyText(state.heldMargin),
      crossWalletBalance: moneyText(figures.crossWallet),
      crossUnPnl: moneyText(figures.crossUnrealised),
      availableBalance: moneyText(figures.available),
      maxWithdrawAmount: moneyText(figures.available),
      marginAvailable: true,
      updateTime: nowMs,
    },
  ];
}
