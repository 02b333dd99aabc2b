import { join } from "node:path";
import { type DaemonProcess, startDaemon } from "../../support/daemon-process.ts";

const COMMAND = ["bun", join(import.meta.dir, "../../../cmd/safety-telemetry.ts")];

/** The exporter with its status page, ready. */
export interface StatusDaemon extends AsyncDisposable {
  readonly daemon: DaemonProcess;
  readonly url: string;
}

/** On any free port, or the one of an exporter that is gone. */
export async function startStatus(redisUrl: string, port = "0"): Promise<StatusDaemon> {
  const daemon = await startDaemon({
    command: COMMAND,
    environment: { REDIS_URL: redisUrl, QUANTUM_INSTANCE: "vps-1", ADMIN_PORT: port },
  });
  await daemon.said("ready");
  return {
    ...{ daemon, url: await daemon.url() },
    [Symbol.asyncDispose]: () => daemon[Symbol.asyncDispose](),
  };
}
