import { keysOf } from "../lib/contract/keys.ts";
import { consumerName } from "../lib/contract/roles.ts";
import { runDaemon } from "../lib/daemon/run-daemon.ts";
import { venueAccess } from "../lib/daemon/settings-exchange.ts";
import { createWorker } from "../lib/emergency/worker/create-worker.ts";
import { rememberInstallation } from "../lib/emergency/worker/install-boundary.ts";
import { openWorkerJournal } from "../lib/emergency/worker/open-worker-journal.ts";
import { workerSettingFaults, workerSettings } from "../lib/emergency/worker/settings.ts";
import { openBinance } from "../lib/exchange/binance-venue.ts";
import { connectRedisOver } from "../lib/redis/lasting-connection.ts";
import { openPlainWire } from "../lib/redis/plain-wire.ts";

void runDaemon({
  role: "emergency-exit-worker",
  settings: workerSettings,
  check: workerSettingFaults,
  build: (context) => {
    const { settings, clock, random, log } = context;
    const { venue: exchange } = openBinance({ ...venueAccess(settings), fetch, clock, log });
    // Asked before anything else is made: its answer is what a start waits for longest.
    const firstContact = exchange.connect();
    const keys = keysOf(settings.QUANTUM_NAMESPACE);
    const journal = openWorkerJournal(context.stateDir, context);
    const name = consumerName("emergency-exit-worker", context.instance);
    const connection = { url: settings.REDIS_URL.reveal(), clock, random, log };
    const redis = connectRedisOver(openPlainWire, {
      ...{ ...connection, name },
      onConnected: (commands) => rememberInstallation(commands, keys, journal.book),
    });
    const connectStore = () => connectRedisOver(openPlainWire, { ...connection, name: `${name}-store` });
    const outside = { redis, connectStore, openWire: openPlainWire, exchange, firstContact };
    return createWorker(context, { ...outside, ...journal });
  },
});
