import type { ConfigurationFault } from "../../daemon/configuration-fault.ts";
import type { SettingsOf } from "../../daemon/daemon-spec.ts";
import { haltSettings, panicSocketSettings } from "../../daemon/settings-emergency.ts";
import { credentialFaults, exchangeSettings } from "../../daemon/settings-exchange.ts";
import { pipelineSettings } from "../../daemon/settings-pipeline.ts";
import { venueAddress } from "../../exchange/mode-hosts.ts";

/** What the worker is configured by, besides what every daemon is. */
export const workerSettings = {
  ...exchangeSettings,
  ...haltSettings,
  ...panicSocketSettings,
  STALE_IDLE_MS: pipelineSettings.STALE_IDLE_MS,
} as const;

export type WorkerSettings = SettingsOf<typeof workerSettings>;

/** `sockaddr_un.sun_path` holds 108 bytes, the last one a zero. */
const SOCKET_PATH_BYTES_MAX = 107;

/** Faults of settings that are each fine: addresses that do not fit the mode, no credentials, no socket. */
export function workerSettingFaults(settings: Partial<WorkerSettings>): readonly ConfigurationFault[] {
  const { TRADING_MODE: mode, EXCHANGE_REST_URL: restUrl, EXCHANGE_WS_URL: wsUrl } = settings;
  const faults = socketFaults(settings.PANIC_SOCKET);
  if (mode === undefined) return faults;
  const address = venueAddress({ mode, restUrl: restUrl?.reveal(), wsUrl: wsUrl?.reveal() });
  return [...faults, ...address.faults, ...credentialFaults(settings)];
}

function socketFaults(path: string | undefined): readonly ConfigurationFault[] {
  if (path === undefined || Buffer.byteLength(path) <= SOCKET_PATH_BYTES_MAX) return [];
  const expected = `a path of at most ${SOCKET_PATH_BYTES_MAX} bytes, as a unix socket's must be`;
  return [{ name: "PANIC_SOCKET", got: path, expected }];
}
