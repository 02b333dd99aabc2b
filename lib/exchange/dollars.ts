/** Assets that are worth a dollar each. What is priced in another is not in USD, as every size and limit here is. */
export const DOLLARS: ReadonlySet<string> = new Set(["USDT", "USDC", "FDUSD"]);
