import type { Chance } from "../engine/chance.ts";
import type { Latency } from "../engine/latency.ts";
import type { Life } from "../engine/life.ts";
import type { Timeline } from "../engine/timeline.ts";
import type { SimulatedVenue } from "./simulated-venue.ts";

type Listener = (event: { readonly data?: string }) => void;

/** The longest by which the second copy of a message is late, µs: others have come between. */
const REPEATED_US_MAX = 1_500_000;

/** The state of the venue's streams as a fault: a stalled one keeps its connection and says nothing. */
export interface StreamFaults {
  stalled: boolean;
  /** Share of messages that the venue sends twice. */
  repeated: number;
}

/**
 * Opens a stream of the venue as a process's WebSocket: what is used of one is `addEventListener` and `close`.
 * Messages keep their order, but for those that the venue sends twice, and are lost while the line is cut or the
 * stream stalled.
 */
export function openSimulatedSocket(
  parts: {
    readonly timeline: Timeline;
    readonly venue: SimulatedVenue;
    readonly latency: Latency;
    readonly faults: StreamFaults;
    readonly chance: Chance;
  },
  life: Life,
  url: string,
): WebSocket {
  const { timeline, venue, latency, faults, chance } = parts;
  const listeners = new Map<string, Listener[]>();
  const tell = (name: string, data?: string) => {
    for (const listener of listeners.get(name) ?? []) listener(data === undefined ? {} : { data });
  };
  let open = true;
  let arrivesUs = 0;
  let leave: () => void = () => undefined;
  const end = (why: string) => {
    if (!open) return;
    open = false;
    leave();
    timeline.after(latency.venueUs(), life, why, () => tell("close"));
  };
  const deliver = (text: string, first = true) => {
    if (!open || !life.alive) return leave();
    if (life.place.venueCut || faults.stalled) return;
    arrivesUs = Math.max(arrivesUs + 1, timeline.nowUs + latency.venueUs());
    timeline.plan(arrivesUs, life, "stream message", () => {
      if (open) tell("message", text);
    });
    if (!first || faults.repeated === 0 || !chance.hit(faults.repeated)) return;
    const lateUs = chance.between(1, chance.pick([1000, REPEATED_US_MAX]));
    timeline.after(lateUs, timeline.nobody, "stream message again", () => deliver(text, false));
  };
  timeline.after(latency.venueUs(), life, "stream opens", () => {
    if (!open || life.place.venueCut) return;
    const joined = venue.join(url, {
      send: (text) => deliver(text),
      end: () => end("stream ended by the venue"),
    });
    if (joined === undefined) return end("stream refused");
    leave = joined;
    tell("open");
  });
  const socket = {
    addEventListener: (name: string, listener: Listener) => {
      listeners.set(name, [...(listeners.get(name) ?? []), listener]);
    },
    close: () => end("stream closed"),
  };
  // Created from it, an object of any type: a whole WebSocket has forty members that nobody here touches.
  return Object.create(socket);
}
