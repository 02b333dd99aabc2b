import { z } from "zod";
import type { Chance } from "../engine/chance.ts";
import { Latency } from "../engine/latency.ts";
import type { Life } from "../engine/life.ts";
import type { Timeline } from "../engine/timeline.ts";
import type { Trace } from "../engine/trace.ts";
import type { SimulatedVenue, VenueCall } from "./simulated-venue.ts";
import { drawFate, evenRates, type PlainReply, type VenueFaultRates } from "./venue-faults.ts";

/** Told of every request when a process sends it, and when the venue has served it. */
export interface VenueWatcher {
  sent(call: VenueCall, life: Life): void;
  /** It has arrived and will be served now. */
  serving(call: VenueCall): void;
  served(call: VenueCall, reply: PlainReply, life: Life): void;
}

/** The way between the simulated processes and the venue, with everything that can happen to a request on it. */
export class VenueNetwork {
  readonly latency: Latency;
  readonly rates: VenueFaultRates = evenRates(0);
  readonly #timeline: Timeline;
  readonly #trace: Trace;
  readonly #chance: Chance;
  readonly #venue: SimulatedVenue;
  #watcher: VenueWatcher | undefined;
  /** Nothing is served before (virtual µs). */
  downUntilUs = 0;

  constructor(parts: {
    readonly timeline: Timeline;
    readonly trace: Trace;
    readonly chance: Chance;
    readonly venue: SimulatedVenue;
  }) {
    this.#timeline = parts.timeline;
    this.#trace = parts.trace;
    this.#chance = parts.chance;
    this.#venue = parts.venue;
    this.latency = new Latency(parts.chance.branch("latency"));
  }

  /** Whether anything goes wrong with requests now. */
  errs(): boolean {
    return Object.values(this.rates).some((rate) => rate > 0);
  }

  watch(watcher: VenueWatcher): void {
    this.#watcher = watcher;
  }

  /** A process asks the venue. */
  fetch(life: Life, url: string, init: RequestInit): Promise<Response> {
    return new Promise((resolve, reject) => {
      const call: VenueCall = {
        method: init.method ?? "GET",
        url,
        headers: headersSchema.parse(init.headers ?? {}),
        body: bodySchema.parse(init.body),
      };
      init.signal?.addEventListener("abort", () => reject(new DOMException("aborted", "AbortError")));
      this.#send(call, life, {
        answer: ({ body, status, headers }) => resolve(new Response(body, { status, headers })),
        reset: () => reject(new Error("ECONNRESET")),
      });
    });
  }

  #send(call: VenueCall, life: Life, caller: Caller): void {
    this.#trace.say(this.#timeline.nowUs, life.name, `sends ${callText(call)}`);
    this.#watcher?.sent(call, life);
    const fate = drawFate(this.#chance, this.rates, call.method === "POST" && call.url.endsWith("/order"));
    if (fate.kind === "late") this.#tellEarly(life, fate.told, caller);
    const lateUs = fate.kind === "late" ? fate.byUs : 0;
    const { nobody } = this.#timeline;
    this.#timeline.after(this.latency.venueUs() + lateUs, nobody, "request arrives", () => {
      const unreachable = life.place.venueCut || this.downUntilUs > this.#timeline.nowUs;
      if (unreachable || fate.kind === "lost") {
        if (fate.kind === "lost" && fate.reset) this.#deliver(life, "request reset", caller.reset);
        return;
      }
      const executed = fate.kind !== "replaced" || fate.executed;
      const served = executed ? this.#serve(call, life) : undefined;
      if (fate.kind === "reply_lost") {
        if (fate.reset) this.#deliver(life, "reply lost, reset", caller.reset);
        return;
      }
      if (fate.kind === "twice") this.#sendAgain(call, life, { caller, ...fate });
      if (fate.kind === "twice" && fate.told === "second") return;
      const reply = fate.kind === "replaced" ? fate.reply : served;
      if (reply === undefined) return;
      this.#deliver(life, `response ${reply.status}`, () => caller.answer(reply));
    });
  }

  /** The proxy's own second try, whatever became of the first: the same bytes, and no doing of the caller. */
  #sendAgain(
    call: VenueCall,
    life: Life,
    how: { readonly caller: Caller; readonly byUs: number; readonly told: "first" | "second" },
  ): void {
    this.#timeline.after(how.byUs, this.#timeline.nobody, "request arrives again", () => {
      if (life.place.venueCut || this.downUntilUs > this.#timeline.nowUs) return;
      const reply = this.#serve(call, life);
      if (how.told === "first") return;
      this.#deliver(life, `response ${reply.status} to the second`, () => how.caller.answer(reply));
    });
  }

  /** What a caller hears of a request that is still on its way. */
  #tellEarly(life: Life, told: "nothing" | "reset" | PlainReply, caller: Caller): void {
    if (told === "nothing") return;
    if (told === "reset") this.#deliver(life, "reset while under way", caller.reset);
    else this.#deliver(life, `response ${told.status} while under way`, () => caller.answer(told));
  }

  #serve(call: VenueCall, life: Life): PlainReply {
    this.#watcher?.serving(call);
    const reply = this.#venue.serve(call);
    this.#trace.say(
      this.#timeline.nowUs,
      "venue",
      `serves ${callText(call)} -> ${reply.status} ${bodyText(reply)}`,
    );
    this.#watcher?.served(call, reply, life);
    return reply;
  }

  #deliver(life: Life, label: string, act: () => void): void {
    this.#timeline.after(this.latency.venueUs(), life, label, () => {
      if (!life.place.venueCut) act();
    });
  }
}

interface Caller {
  readonly answer: (reply: PlainReply) => void;
  readonly reset: () => void;
}

const headersSchema = z.record(z.string(), z.string());
const bodySchema = z.string().optional();

const withoutSignature = (text: string) => text.replace(/&signature=\w+/, "");

function callText({ method, url, body }: VenueCall): string {
  const path = url.replace(/^https?:\/\/[^/]+/, "");
  return withoutSignature(`${method} ${path}${body === undefined ? "" : ` ${body}`}`);
}

const BODY_LENGTH_MAX = 160;

function bodyText({ body }: PlainReply): string {
  if (body.length <= BODY_LENGTH_MAX) return body;
  return `${body.slice(0, BODY_LENGTH_MAX)}…#${Bun.hash.wyhash(body).toString(16)}`;
}
