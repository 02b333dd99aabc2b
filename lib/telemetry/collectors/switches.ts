import { TRADING_MODES } from "../../contract/trading-mode.ts";
import { optionalTextReply } from "../../redis/reply.ts";
import type { Collector } from "../collector.ts";
import { labelText } from "../label-text.ts";

export interface SwitchesState {
  readonly killed: boolean;
  /** As recorded by the first execution; undefined before. */
  readonly mode: string | undefined;
  readonly account: string | undefined;
}

const MODES: readonly string[] = TRADING_MODES;

/** The kill switch, disengaged by exactly "0" alone, and the mode and account that are recorded. */
export const switchesCollector: Collector<
  "quantum_kill_switch_engaged" | "quantum_mode_info",
  SwitchesState
> = {
  name: "switches",
  commands: ({ keys }) => [
    ["GET", keys.kill],
    ["GET", keys.mode],
    ["GET", keys.modeAccount],
  ],
  decode(replies) {
    const killed = replies.nextUnlessUnreadable() !== "0";
    const mode = optionalTextReply(replies.next());
    return { killed, mode, account: optionalTextReply(replies.next()) };
  },
  readings: ({ killed, mode, account }) => ({
    quantum_kill_switch_engaged: killed ? 1 : 0,
    quantum_mode_info:
      mode === undefined
        ? []
        : [
            {
              labels: { mode: MODES.includes(mode) ? mode : "other", account: labelText(account ?? "") },
              value: 1,
            },
          ],
  }),
};
