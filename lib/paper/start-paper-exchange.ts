import type { FaultScript } from "./faults/fault-script.ts";
import type { Recording } from "./market/recording.ts";
import { createPaperVenue, type PaperClock } from "./paper-exchange.ts";
import { paperOptions } from "./paper-options.ts";
import { defaultPaperSettings, type PaperSettings } from "./settings.ts";

/** What differs from the defaults: settings by their names, and what files would bring. */
export interface PaperExchangeChanges {
  /** By default whichever is free. */
  readonly port?: number;
  readonly settings?: Partial<PaperSettings>;
  readonly faults?: FaultScript;
  readonly recordings?: ReadonlyMap<string, Recording>;
}

export interface PaperExchange {
  /** `http://127.0.0.1:<port>`; WebSocket on the same port. */
  readonly url: string;
  readonly port: number;
  stop(): Promise<void>;
}

/** A paper exchange in this process, on loopback, for tests and benches. */
export async function startPaperExchange(
  changes: PaperExchangeChanges,
  clock: PaperClock,
): Promise<PaperExchange> {
  const settings = { ...defaultPaperSettings(), ...changes.settings };
  const { faults, recordings = new Map() } = changes;
  const venue = createPaperVenue(paperOptions(settings, { faults, recordings, clock }));
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: changes.port ?? 0,
    development: false,
    reusePort: false,
    idleTimeout: 30,
    fetch: (request, self) => venue.fetch(request, self),
    websocket: venue.websocket,
  });
  const stopping = new AbortController();
  const running = venue.run(stopping.signal, () => undefined);
  return {
    url: server.url.origin,
    port: server.port ?? 0,
    stop: async () => {
      stopping.abort();
      await running;
      await server.stop(true);
    },
  };
}
