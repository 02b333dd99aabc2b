import { ConfigurationError } from "../daemon/configuration-fault.ts";
import type { DaemonContext, DaemonParts, SettingsOf } from "../daemon/daemon-spec.ts";
import { createPaperVenue } from "./paper-exchange.ts";
import { loadFaults, loadRecordings, paperOptions } from "./paper-options.ts";
import type { PAPER_SHAPE } from "./settings.ts";

type PaperContext = DaemonContext<SettingsOf<typeof PAPER_SHAPE>>;

/**
 * The paper exchange as a daemon: the venue's API and the simulation's controls beside the admin paths, on
 * one loopback port. Throws ConfigurationError when a file that settings name cannot be used.
 */
export async function createPaperDaemon(
  context: PaperContext,
  timing: { readonly preciseMs: () => number },
): Promise<DaemonParts> {
  const { settings, log } = context;
  const recordings = await orFault("PAPER_PRICES", () => loadRecordings(settings));
  const faults = await orFault("PAPER_FAULTS", () => loadFaults(settings.PAPER_FAULTS));
  const clock = { ...context.clock, ...timing };
  const venue = createPaperVenue(paperOptions(settings, { recordings, faults, clock }));
  let running = false;
  log.info(
    {
      seed: settings.PAPER_SEED,
      speed: settings.PAPER_SPEED,
      recorded: [...recordings.keys()],
      faultRules: faults?.rules.length ?? 0,
      account: settings.PAPER_ACCOUNT_ALIAS,
    },
    "simulated venue: nothing here is worth money",
  );
  return {
    openSurface: { fetch: (request, server) => venue.fetch(request, server), websocket: venue.websocket },
    dependencies: () => [{ name: "market", ok: running, detail: running ? "moving" : "not started" }],
    run: (signal) =>
      venue.run(signal, () => {
        running = true;
        context.beat();
      }),
  };
}

async function orFault<Result>(name: string, load: () => Promise<Result>): Promise<Result> {
  try {
    return await load();
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    throw new ConfigurationError([{ name, problem }]);
  }
}
