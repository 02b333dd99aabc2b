import { writeSync } from "node:fs";
import { parseArgs } from "node:util";
import { EXIT_CODES } from "../lib/contract/exit-codes.ts";
import { consumerName } from "../lib/contract/roles.ts";
import { runOneshot } from "../lib/daemon/run-oneshot.ts";
import { ensureLibrary } from "../lib/kernel/library.ts";
import { runRecovery } from "../lib/recovery/run-recovery.ts";
import { recoverySettings } from "../lib/recovery/settings.ts";
import { connectRedis } from "../lib/redis/connection.ts";

const USAGE = `usage: quantum-stream-recover [--dry-run]

Makes missing groups, gives what dead consumers left to ones that are alive, puts poison aside, deletes zombies
and trims streams to their retention. One JSON line on stdout, a table on stderr. Configured by environment.

  --dry-run  only says what it would do
`;

function commandLine(): { readonly dryRun: boolean; readonly help: boolean } {
  try {
    const options = { "dry-run": { type: "boolean" }, help: { type: "boolean" } } as const;
    const { values } = parseArgs({ options });
    return { dryRun: values["dry-run"] ?? false, help: values.help ?? false };
  } catch (error) {
    writeSync(2, `${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
    return process.exit(EXIT_CODES.usage);
  }
}

function main(): void {
  const { dryRun, help } = commandLine();
  if (help) {
    writeSync(1, USAGE);
    process.exit(EXIT_CODES.clean);
  }
  // What the connection says of itself would be more than the one line that a Redis which is away is worth.
  const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
  void runOneshot({ role: "stream-recover", settings: recoverySettings }, (context) => {
    const { settings, clock, random } = context;
    const redis = connectRedis({
      url: settings.REDIS_URL.reveal(),
      name: consumerName("stream-recover", context.instance),
      ...{ clock, random, log: silent },
      onConnected: ensureLibrary,
    });
    return runRecovery(context, { redis, dryRun, print: (text) => void writeSync(2, `${text}\n`) });
  });
}

main();
