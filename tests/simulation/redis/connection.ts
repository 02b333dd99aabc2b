import type { Life } from "../engine/life.ts";
import type { RedisNetwork } from "./redis-network.ts";
import type { Reply } from "./resp.ts";
import type { Session } from "./timed-redis.ts";

export interface PendingCommand {
  readonly args: readonly string[];
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: Error) => void;
}

/** A late arrival of what a caller has given up on is as likely as its loss. */
const STILL_ARRIVES = 0.5;

/** One TCP connection to the server, as far as a process can tell. */
export class Connection {
  readonly life: Life;
  readonly session: Session;
  readonly #network: RedisNetwork;
  readonly #onLost: (error: Error) => void;
  /** Sent and not answered, in order. */
  readonly #pending: PendingCommand[] = [];
  /** Sent into a line that is cut. */
  #held: PendingCommand[] = [];
  #heldReplies: (() => void)[] = [];
  /** On their way to the server, in order: whichever arrival comes next is the first one's. */
  readonly #underWay: PendingCommand[] = [];
  #arrivesUs = 0;
  #answersUs = 0;
  #sessionOpen = true;
  #open = true;

  constructor(network: RedisNetwork, life: Life, onLost: (error: Error) => void) {
    this.#network = network;
    this.life = life;
    this.#onLost = onLost;
    this.session = network.openSession();
    network.admit(this);
  }

  /** The process still holds its end. */
  get open(): boolean {
    return this.#open;
  }

  send(pending: PendingCommand): void {
    this.#pending.push(pending);
    this.#travel(pending);
  }

  #travel(pending: PendingCommand): void {
    if (this.life.place.redisCut || this.#held.length > 0) {
      this.#held.push(pending);
      return;
    }
    const { timeline, latency } = this.#network;
    this.#arrivesUs = Math.max(this.#arrivesUs + 1, timeline.nowUs + latency.redisUs());
    this.#underWay.push(pending);
    this.#await(this.#arrivesUs);
  }

  #await(atUs: number): void {
    const { timeline } = this.#network;
    timeline.plan(atUs, timeline.nobody, "command arrives", () => {
      if (!this.#sessionOpen) return;
      if (this.#network.hungUntilUs > timeline.nowUs) return this.#await(this.#network.hungUntilUs);
      const pending = this.#underWay.shift();
      if (pending !== undefined) this.#network.arrive(this, pending);
      this.#closeWhenDone();
    });
  }

  /** The server's answer sets out. */
  answer(pending: PendingCommand, reply: Reply): void {
    if (!this.#open) return;
    const { timeline, latency } = this.#network;
    this.#answersUs = Math.max(this.#answersUs + 1, timeline.nowUs + latency.redisUs());
    const deliver = () => {
      if (!this.#open) return;
      if (this.life.place.redisCut) return void this.#heldReplies.push(deliver);
      this.#pending.splice(this.#pending.indexOf(pending), 1);
      pending.resolve(reply);
    };
    timeline.plan(this.#answersUs, this.life, "reply", deliver);
  }

  /** The line is mended. */
  resume(): void {
    if (this.life.place.redisCut) return;
    const held = this.#held;
    const replies = this.#heldReplies;
    this.#held = [];
    this.#heldReplies = [];
    const arrives = this.#open || this.#network.chance.hit(STILL_ARRIVES);
    if (arrives) for (const pending of held) this.#travel(pending);
    this.#closeWhenDone();
    const { timeline } = this.#network;
    for (const deliver of replies) timeline.after(1, this.life, "late reply", deliver);
  }

  /** The connection breaks under the process. */
  lose(why: string): void {
    const wasOpen = this.#open;
    this.#open = false;
    this.#closeSession();
    if (!wasOpen) return;
    const { timeline, latency } = this.#network;
    timeline.after(latency.redisUs(), this.life, "connection lost", () => {
      const error = new Error(why);
      this.#onLost(error);
      this.rejectPending(error);
    });
  }

  /** The process lets go of it, or has ended. */
  abandon(): void {
    if (!this.#open) return;
    this.#open = false;
    if (!this.#network.chance.hit(STILL_ARRIVES)) this.#closeSession();
    else this.#closeWhenDone();
  }

  rejectPending(error: Error): void {
    for (const { reject } of this.#pending.splice(0)) reject(error);
  }

  #closeWhenDone(): void {
    if (!this.#open && this.#underWay.length === 0 && this.#held.length === 0) this.#closeSession();
  }

  #closeSession(): void {
    if (!this.#sessionOpen) return;
    this.#sessionOpen = false;
    this.session.close();
    this.#network.forget(this);
  }
}
