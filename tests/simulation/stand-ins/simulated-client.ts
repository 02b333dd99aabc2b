import { ClientClosedError, ErrorReply } from "@redis/client";
import { activeSimulation } from "../engine/active-simulation.ts";
import type { Life } from "../engine/life.ts";
import { Connection } from "../redis/connection.ts";
import { type Reply, ReplyError } from "../redis/resp.ts";

/**
 * Stands in for `RedisClient` of @redis/client under lib/redis' wire client, with what that uses of it and the same
 * manners: a lost connection is told by "error" and rejects what is unanswered, after the end nothing is sent.
 */
export class SimulatedRedisClient {
  readonly #life: Life;
  #connection: Connection | undefined;
  #onError: (error: Error) => void = () => undefined;
  #ended = false;

  constructor(_options: object) {
    this.#life = activeSimulation().timeline.current;
  }

  on(_event: "error", listener: (error: Error) => void): void {
    this.#onError = listener;
  }

  connect(): Promise<void> {
    const { redisNetwork: network, timeline } = activeSimulation();
    return new Promise((resolve, reject) => {
      const attempt = () => {
        if (this.#ended) return;
        if (this.#life.place.redisCut) return;
        if (network.downUntilUs > timeline.nowUs) return reject(new Error("connect ECONNREFUSED"));
        if (network.hungUntilUs > timeline.nowUs) {
          timeline.plan(network.hungUntilUs, this.#life, "connect to Redis", attempt);
          return;
        }
        this.#connection = new Connection(network, this.#life, (error) => this.#lost(error));
        resolve();
      };
      timeline.after(2 * network.latency.redisUs(), this.#life, "connect to Redis", attempt);
    });
  }

  sendCommand<T>(args: readonly (string | Buffer)[]): Promise<T>;
  sendCommand(args: readonly (string | Buffer)[]): Promise<unknown> {
    const connection = this.#connection;
    if (this.#ended || connection === undefined) return Promise.reject(new ClientClosedError());
    return new Promise((resolve, reject) => {
      connection.send({
        args: args.map(String),
        resolve: (reply) => {
          if (reply instanceof ReplyError) reject(new ErrorReply(reply.message));
          else resolve(nested(reply));
        },
        reject,
      });
    });
  }

  destroy(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#connection?.abandon();
    this.#connection?.rejectPending(new Error("Disconnects client"));
  }

  #lost(error: Error): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#onError(error);
  }
}

/** Errors inside a list are the client library's own there. */
function nested(reply: Reply): unknown {
  if (reply instanceof ReplyError) return new ErrorReply(reply.message);
  return Array.isArray(reply) ? reply.map(nested) : reply;
}
