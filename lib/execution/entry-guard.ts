import type { DenyReason } from "../contract/reasons.ts";
import type { TradeIntent } from "../contract/trade-intent.ts";
import { haltFileStands } from "../daemon/halt-file.ts";
import type { Exchange } from "../exchange/exchange.ts";
import { LeverageKeeper } from "./leverage-keeper.ts";
import type { VenueSession } from "./venue-session.ts";

/** What this process itself knows that stands in the way of an entry; Redis has its own word at submission. */
export function createEntryGuard(parts: {
  readonly exchange: Exchange;
  readonly session: VenueSession;
  readonly clock: { monotonicMs(): number };
  readonly inHand: ReadonlySet<string>;
  readonly haltFile: string;
}) {
  const leverage = new LeverageKeeper(parts);
  return {
    entriesStopped: (): DenyReason | undefined => {
      if (haltFileStands(parts.haltFile)) return "TRADING_HALTED";
      return parts.session.credentialsRefused ? "CREDENTIALS_REFUSED" : undefined;
    },
    leverageStands: (entry: TradeIntent) => leverage.stands(entry),
    ensureLeverage: (entry: TradeIntent) => leverage.ensure(entry),
    credentialsRefused: (refused: boolean) => {
      parts.session.credentialsRefused = refused;
    },
  };
}
