/** A message of the user-data stream, ready to be sent. `E` and `T` are epoch ms of the venue. */
export interface VenueEvent {
  readonly e:
    | "ORDER_TRADE_UPDATE"
    | "ACCOUNT_UPDATE"
    | "ALGO_UPDATE"
    | "ACCOUNT_CONFIG_UPDATE"
    | "CONDITIONAL_ORDER_TRIGGER_REJECT";
  readonly E: number;
  readonly T: number;
  readonly [field: string]: unknown;
}
