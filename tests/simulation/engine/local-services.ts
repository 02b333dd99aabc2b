import type { Life } from "./life.ts";
import type { Timeline } from "./timeline.ts";

interface Service {
  readonly life: () => Life | undefined;
  readonly answer: (request: Request) => Response | Promise<Response>;
}

/** From one process to another on this machine and back, µs: a loopback connection. */
const HOP_US = 150;

/** What processes of one machine offer each other besides Redis: a unix socket, an admin server. */
export class LocalServices {
  readonly #timeline: Timeline;
  readonly #services = new Map<string, Service>();
  #onAnswer: (address: string, status: number) => void = () => undefined;

  constructor(timeline: Timeline) {
    this.#timeline = timeline;
  }

  /** Told of every answer that sets out. */
  watch(onAnswer: (address: string, status: number) => void): void {
    this.#onAnswer = onAnswer;
  }

  /** Serves at an address (a socket's path, a URL's origin) for as long as the life lasts. */
  serve(address: string, life: Life, answer: Service["answer"]): void {
    this.#services.set(address, { life: () => life, answer });
  }

  /** Serves at an address whenever there is a life behind it. */
  serveAlways(address: string, life: Service["life"], answer: Service["answer"]): void {
    this.#services.set(address, { life, answer });
  }

  /** Refused at once when nobody listens; a stalled process answers when its stall is over. */
  fetch(address: string, caller: Life, request: Request): Promise<Response> {
    const service = this.#services.get(address);
    return new Promise((resolve, reject) => {
      const refuse = (why: string) =>
        this.#timeline.after(HOP_US, caller, why, () =>
          reject(Object.assign(new Error(why), { code: "ConnectionRefused" })),
        );
      request.signal.addEventListener("abort", () => reject(new DOMException("aborted", "AbortError")));
      const life = service?.life();
      if (service === undefined || life?.alive !== true) {
        refuse(`nobody listens at ${address.split("/").at(-1)}`);
        return;
      }
      const { answer } = service;
      this.#timeline.after(HOP_US, life, "local request", () => {
        const answered = Promise.resolve(answer(request)).then((response) => {
          this.#onAnswer(address, response.status);
          this.#timeline.after(HOP_US, caller, `local response ${response.status}`, () => resolve(response));
        });
        answered.catch((error: unknown) => refuse(String(error)));
      });
    });
  }
}
