import type { z } from "zod";
import { systemClock } from "../../lib/daemon/clock.ts";
import type { faultScriptSchema } from "../../lib/paper/faults/fault-script.ts";
import { signatureOf } from "../../lib/paper/http/authenticate.ts";
import {
  type PaperExchange,
  type PaperExchangeChanges,
  startPaperExchange,
} from "../../lib/paper/start-paper-exchange.ts";

/** A paper exchange of this test alone, with calls that are signed as a client signs them. */
export interface PaperFixture extends AsyncDisposable {
  readonly url: string;
  readonly wsUrl: string;
  readonly port: number;
  /** A signed request; the body as parsed JSON. */
  call(method: "GET" | "POST" | "PUT" | "DELETE", path: string, params?: CallParams): Promise<PaperReply>;
  /** A price set by hand and held there: bid = price, ask = one tick above. */
  setPrice(symbol: string, price: string, more?: Record<string, string | boolean>): Promise<void>;
  useFaults(script: z.input<typeof faultScriptSchema>): Promise<void>;
  clearFaults(): Promise<void>;
  /** GET /paper/<what>. */
  read(what: "state" | "requests" | "faults" | "market"): Promise<unknown>;
  admin(method: "POST" | "DELETE", what: string, body?: unknown): Promise<Response>;
}

export type CallParams = Readonly<Record<string, string | number | boolean>>;

export interface PaperReply {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

/** Starts one on any free port; the market stands still unless the test gives it a speed. */
export async function startPaper(changes: PaperExchangeChanges = {}): Promise<PaperFixture> {
  const exchange = await startPaperExchange(
    { ...changes, settings: { PAPER_SPEED: 0, PAPER_TICK_MS: 10, ...changes.settings } },
    { ...systemClock, preciseMs: () => performance.timeOrigin + performance.now() },
  );
  return fixtureOf(exchange);
}

function fixtureOf(exchange: PaperExchange): PaperFixture {
  const { url } = exchange;
  const admin = (method: "POST" | "DELETE", what: string, body?: unknown) =>
    fetch(`${url}/paper/${what}`, {
      method,
      headers: { "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  const adminOk = async (what: string, body: unknown) => {
    const response = await admin("POST", what, body);
    if (!response.ok) throw new Error(`/paper/${what}: ${response.status} ${await response.text()}`);
  };
  return {
    url,
    wsUrl: url.replace("http", "ws"),
    port: exchange.port,
    call: async (method, path, params = {}) => {
      const response = await fetch(`${url}${path}?${signedQuery(params)}`, {
        method,
        headers: { "X-MBX-APIKEY": "paper" },
      });
      return { status: response.status, headers: response.headers, body: await response.json() };
    },
    setPrice: (symbol, price, more = {}) => adminOk("market", { symbol, price, ...more }),
    useFaults: (script) => adminOk("faults", script),
    clearFaults: async () => {
      await admin("DELETE", "faults");
    },
    read: async (what) => (await fetch(`${url}/paper/${what}`)).json(),
    admin,
    [Symbol.asyncDispose]: () => exchange.stop(),
  };
}

/** The longest that the venue allows: a busy machine makes no request late. */
const RECV_WINDOW_MS = 60_000;

/** Query with timestamp and signature, by the default key's secret. */
export function signedQuery(params: CallParams, secret = "paper"): string {
  const entries = Object.entries({ timestamp: Date.now(), recvWindow: RECV_WINDOW_MS, ...params });
  const query = new URLSearchParams(
    entries.map(([name, value]): [string, string] => [name, String(value)]),
  ).toString();
  return `${query}&signature=${signatureOf(query, secret)}`;
}
