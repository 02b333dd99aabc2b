import { createSigner } from "../../../lib/exchange/sign-request.ts";
import { createPaperVenue, type PaperClock, type PaperVenue } from "../../../lib/paper/paper-exchange.ts";
import { paperOptions } from "../../../lib/paper/paper-options.ts";
import { defaultPaperSettings } from "../../../lib/paper/settings.ts";
import type { Life } from "../engine/life.ts";
import type { Timeline } from "../engine/timeline.ts";
import type { PlainReply } from "./venue-faults.ts";

export interface VenueCall {
  readonly method: string;
  /** With query. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

/** One listener of a stream. */
export interface StreamClient {
  readonly send: (text: string) => void;
  readonly end: () => void;
}

/** The paper exchange's own core in this process; its loop is a life like any other, which never ends. */
export class SimulatedVenue {
  readonly #venue: PaperVenue;
  readonly #timeline: Timeline;
  readonly #life: Life;
  readonly #clock: PaperClock;

  constructor(parts: {
    readonly timeline: Timeline;
    readonly life: Life;
    readonly clock: PaperClock;
    readonly seed: number;
  }) {
    this.#timeline = parts.timeline;
    this.#life = parts.life;
    this.#clock = parts.clock;
    const settings = {
      ...defaultPaperSettings(),
      PAPER_SEED: `simulation-${parts.seed}`,
      PAPER_SPEED: 0,
      PAPER_TICK_MS: 500,
      PAPER_BALANCE_USD: "1000000",
      PAPER_WEIGHT_LIMIT_1M: 10_000_000,
      PAPER_ORDER_LIMIT_10S: 1_000_000,
      PAPER_ORDER_LIMIT_1M: 1_000_000,
    };
    this.#venue = createPaperVenue(
      paperOptions(settings, { faults: undefined, recordings: new Map(), clock: parts.clock }),
    );
  }

  start(): void {
    this.#timeline.enter(this.#life, () => {
      void this.#venue.run(new AbortController().signal, () => undefined);
    });
  }

  /** Long and short of a symbol at once, as the account's owner may set it while nothing is open. */
  setHedgeMode(): void {
    const payload = `dualSidePosition=true&timestamp=${this.#clock.nowMs()}`;
    const body = `${payload}&signature=${createSigner(SECRET)(payload)}`;
    const headers = { "X-MBX-APIKEY": SECRET, "content-type": "application/x-www-form-urlencoded" };
    const url = `${VENUE_URL}/fapi/v1/positionSide/dual`;
    const reply = this.serve({ method: "POST", url, headers, body });
    if (reply.status !== 200) throw new Error(`hedge mode: ${reply.status} ${reply.body}`);
  }

  /** The venue's answer, at once: it serves a request without waiting for anything. */
  serve(call: VenueCall): PlainReply {
    const { method, headers, body } = call;
    const request = new Request(call.url, { method, headers, ...(body === undefined ? {} : { body }) });
    let reply: PlainReply | undefined;
    this.#timeline.enter(this.#life, () => {
      void this.#answer(request).then((answer) => {
        reply = answer;
      });
    });
    if (reply === undefined) throw new Error(`the venue did not answer ${method} ${call.url} at once`);
    return reply;
  }

  async #answer(request: Request): Promise<PlainReply> {
    const response = await this.#venue.fetch(request, NO_SERVER);
    if (response === undefined) throw new Error("the simulated venue upgrades no connection");
    const headers = Object.fromEntries(response.headers.entries());
    return { status: response.status, headers, body: await response.text() };
  }

  /** Joins a stream; returns how to leave it, undefined when the venue refuses. */
  join(url: string, client: StreamClient): (() => void) | undefined {
    let data: unknown;
    const server: Bun.Server<unknown> = Object.create({
      upgrade: (_request: Request, options: { readonly data: unknown }) => {
        data = options.data;
        return true;
      },
    });
    const headers = { upgrade: "websocket" };
    const refusal = this.#venue.fetch(new Request(url.replace("ws:", "http:"), { headers }), server);
    if (refusal !== undefined) return undefined;
    const socket: Bun.ServerWebSocket<unknown> = Object.create({
      data,
      send: (text: string) => {
        client.send(text);
        return text.length;
      },
      close: () => client.end(),
      terminate: () => client.end(),
    });
    void this.#venue.websocket.open?.(socket);
    return () => void this.#venue.websocket.close?.(socket, 1000, "");
  }

  /** A look, or a hand, from outside; no part of the traffic. */
  look(path: string): unknown {
    return JSON.parse(
      this.serve({ method: "GET", url: `${VENUE_URL}${path}`, headers: {}, body: undefined }).body,
    );
  }

  control(path: string, body: object): void {
    const headers = { "content-type": "application/json" };
    const reply = this.serve({
      method: "POST",
      url: `${VENUE_URL}${path}`,
      headers,
      body: JSON.stringify(body),
    });
    if (reply.status >= 300) throw new Error(`${path}: ${reply.status} ${reply.body}`);
  }
}

/** Key and secret of the paper account. */
const SECRET = "paper";

export const VENUE_URL = "http://127.0.0.1:8099";

/** Only a WebSocket request asks for it, and none is made. */
const NO_SERVER: Bun.Server<unknown> = new Proxy(Object.create(null), {
  get: () => {
    throw new Error("the simulated venue has no server");
  },
});
