import { createAuditLogger } from "../lib/auditing/create-audit-logger.ts";
import { auditSettings } from "../lib/auditing/settings.ts";
import { VERIFY_USAGE, verifyCommand } from "../lib/auditing/verify-command.ts";
import { consumerName } from "../lib/contract/roles.ts";
import { runDaemon } from "../lib/daemon/run-daemon.ts";
import { lockStateFolder } from "../lib/daemon/state-folder.ts";
import { connectRedis } from "../lib/redis/connection.ts";

const [first, ...files] = process.argv.slice(2);

if (first === "--verify") {
  process.exitCode = verifyCommand(files, (line) => process.stdout.write(`${line}\n`));
} else {
  void runDaemon({
    role: "audit-logger",
    settings: auditSettings,
    alsoDoes: [VERIFY_USAGE],
    build: async (context) => {
      // The chain has one writer, whatever the instances are called.
      await lockStateFolder(context.stateDir, "audit-chain");
      const { settings, clock, random, log } = context;
      const name = consumerName("audit-logger", context.instance);
      const redis = connectRedis({ url: settings.REDIS_URL.reveal(), name, clock, random, log });
      return createAuditLogger(context, { redis });
    },
  });
}
