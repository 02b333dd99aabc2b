import { type Daemon, daemonOf } from "../stack/daemon.ts";
import { freePort, type TradingStack } from "../stack/trading-stack.ts";

/** The compiled exporter beside a running trading stack, ready. It samples as often as the shortened rules look. */
export async function startExporter(
  stack: TradingStack,
  options: { readonly binaries: string; readonly sampleSec: number },
): Promise<Daemon> {
  const exporter = daemonOf({
    role: "safety-telemetry",
    port: freePort(),
    folder: stack.folder,
    binaries: options.binaries,
    env: { ...stack.environment, SAMPLE_INTERVAL_SEC: String(options.sampleSec) },
  });
  await exporter.start();
  return exporter;
}
