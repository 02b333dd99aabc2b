import { type Life, newLife } from "../engine/life.ts";
import { newPlace } from "../engine/place.ts";
import type { Simulation } from "../engine/simulation.ts";
import { ADMIN_TOKEN } from "../roles/admin-application.ts";

/** Where the admin servers of a run are. */
export const ADMIN_SERVERS = {
  "router-1": "http://127.0.0.1:9101",
  "router-2": "http://127.0.0.1:9111",
  worker: "http://127.0.0.1:9104",
} as const;

export interface AdminRequest {
  readonly server: keyof typeof ADMIN_SERVERS;
  readonly method: "PUT" | "POST" | "DELETE";
  readonly path: "/v1/kill" | "/v1/safe-mode" | "/v1/halt" | "/v1/panic";
  readonly body: Readonly<Record<string, unknown>> | undefined;
}

/** An answer to an operator's request, and when it was asked (virtual µs). */
export interface AdminAnswer {
  readonly request: AdminRequest;
  readonly status: number;
  readonly sentUs: number;
}

/** Share of requests that a proxy before the admin servers sends twice. */
const TWICE = 0.2;
const AGAIN_US_MAX = 800_000;

/** The operator's way to the admin servers: requests that may be refused, late, answered to nobody, or come twice. */
export class OperatorDesk {
  readonly #simulation: Simulation;
  readonly #life: Life = newLife(newPlace("operator"), "operator");
  readonly #chance;
  readonly #onAnswer: (answer: AdminAnswer) => void;

  constructor(simulation: Simulation, onAnswer: (answer: AdminAnswer) => void) {
    this.#simulation = simulation;
    this.#chance = simulation.chance.branch("operator desk");
    this.#onAnswer = onAnswer;
  }

  ask(request: AdminRequest): void {
    const { timeline, trace } = this.#simulation;
    const { server, method, path, body } = request;
    trace.say(timeline.nowUs, "operator", `${method} ${server} ${path} ${JSON.stringify(body ?? null)}`);
    this.#send(request);
    if (!this.#chance.hit(TWICE)) return;
    const lateUs = this.#chance.between(0, AGAIN_US_MAX);
    timeline.after(lateUs, this.#life, "operator's request again", () => this.#send(request));
  }

  #send(request: AdminRequest): void {
    const { local, timeline, trace } = this.#simulation;
    const { server, method, path, body } = request;
    const url = ADMIN_SERVERS[server];
    const sentUs = timeline.nowUs;
    const headers = {
      Host: url.slice("http://".length),
      Authorization: `Bearer ${ADMIN_TOKEN}`,
      "X-Operator": "simulated",
      ...(body === undefined ? {} : { "Content-Type": "application/json" }),
    };
    const plain = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
    local
      .fetch(url, this.#life, new Request(`${url}${path}`, plain))
      .then(({ status }) => {
        trace.say(timeline.nowUs, "operator", `hears ${status} of ${method} ${path}`);
        this.#onAnswer({ request, status, sentUs });
      })
      .catch((error: unknown) => trace.say(timeline.nowUs, "operator", `hears nothing: ${String(error)}`));
  }
}
