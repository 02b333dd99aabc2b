import { optionalUrlSetting, secretSetting } from "./settings-secret.ts";

/** For roles that talk to the venue; spread it into their settings. Which URL fits which mode is the adapter's check. */
export const exchangeSettings = {
  EXCHANGE_REST_URL: optionalUrlSetting({
    schemes: ["http", "https"],
    description: "The venue's REST address. Default: by mode.",
  }),
  EXCHANGE_WS_URL: optionalUrlSetting({
    schemes: ["ws", "wss"],
    description: "The venue's stream address. Default: by mode.",
  }),
  BINANCE_API_KEY: secretSetting({
    credentialFile: "binance-api-key",
    description: "PAPER: `paper` when not set.",
  }),
  BINANCE_API_SECRET: secretSetting({
    credentialFile: "binance-api-secret",
    description: "PAPER: `paper` when not set.",
  }),
} as const;
