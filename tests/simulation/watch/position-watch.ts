import { z } from "zod";
import type { TradeIntent } from "../../../lib/contract/trade-intent.ts";
import type { SimulatedVenue } from "../venue/simulated-venue.ts";

const stateSchema = z.looseObject({
  positions: z.array(
    z.looseObject({ symbol: z.string(), positionSide: z.string(), positionAmt: z.string() }),
  ),
});

/** What is open at the venue, by its own state. */
export class PositionWatch {
  readonly #venue: Pick<SimulatedVenue, "look">;

  constructor(venue: Pick<SimulatedVenue, "look">) {
    this.#venue = venue;
  }

  /** Signed base units; negative is short. */
  of({ symbol, positionSide }: { readonly symbol: string; readonly positionSide: string }): number {
    return this.#all()
      .filter((one) => one.symbol === symbol && one.positionSide === positionSide)
      .reduce((sum, one) => sum + Number(one.positionAmt), 0);
  }

  /** As text, for a message. */
  open(): readonly string[] {
    return this.#all()
      .filter(({ positionAmt }) => Number(positionAmt) !== 0)
      .map(({ symbol, positionAmt }) => `${symbol} ${positionAmt}`);
  }

  /** Whether there is what such an exit would close. */
  isOpen(symbol: string, action: TradeIntent["action"]): boolean {
    const closes = { SELL: [1], BUY: [-1], CLOSE: [1, -1] }[action];
    return this.#all().some(
      (one) => one.symbol === symbol && closes.includes(Math.sign(Number(one.positionAmt))),
    );
  }

  #all() {
    return stateSchema.parse(this.#venue.look("/paper/state")).positions;
  }
}
