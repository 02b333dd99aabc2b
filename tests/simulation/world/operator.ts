import { rmSync, writeFileSync } from "node:fs";
import type { Keys } from "../../../lib/contract/keys.ts";
import type { Chance } from "../engine/chance.ts";
import type { Simulation } from "../engine/simulation.ts";
import { simulatedUuid } from "../stand-ins/uuid.ts";
import { type AdminAnswer, OperatorDesk } from "./operator-desk.ts";

const ALWAYS = ["kill", "kill_by_http", "safe_mode", "safe_mode_by_http", "arm"] as const;
const HALTING = ["halt_file", "halt_file"] as const;
const CHAIN = ["clear_halt", "clear_halt_by_http", "panic_by_http", "panic_cleared", "panic_again"] as const;
type Deed = (typeof ALWAYS)[number] | (typeof HALTING)[number] | (typeof CHAIN)[number];

const LOOK_EVERY_US = 5000;

/**
 * Somebody with a redis-cli, a shell and the tokens of the admin servers: stops and arms trading, clears halts and calls
 * panics at moments that suit nobody.
 */
export class Operator {
  readonly #simulation: Simulation;
  readonly #keys: Keys;
  readonly #haltFile: string;
  /** The halt file is the worker's then: it is cleared by clearing the halt in Redis. */
  readonly #chain: boolean;
  readonly #everyMs: number;
  readonly #chance: Chance;
  readonly #desk: OperatorDesk;
  readonly #routers: number;
  #running = true;

  constructor(
    simulation: Simulation,
    how: {
      readonly keys: Keys;
      readonly haltFile: string;
      readonly chain: boolean;
      readonly everyMs: number;
      readonly routers: number;
      readonly onAnswer: (answer: AdminAnswer) => void;
    },
  ) {
    this.#simulation = simulation;
    this.#keys = how.keys;
    this.#haltFile = how.haltFile;
    this.#chain = how.chain;
    this.#everyMs = how.everyMs;
    this.#chance = simulation.chance.branch("operator");
    this.#desk = new OperatorDesk(simulation, how.onAnswer);
    this.#routers = how.routers;
    this.arm();
    this.#next();
  }

  /** Trading may open positions. */
  arm(): void {
    this.#simulation.redisNetwork.write("SET", this.#keys.kill, "0");
  }

  /** Everything that stops entries is taken away. */
  clearAll(): void {
    this.#running = false;
    const { redisNetwork } = this.#simulation;
    this.arm();
    redisNetwork.write("DEL", this.#keys.safeMode);
    if (this.#chain) this.#clearHalt();
    else rmSync(this.#haltFile, { force: true });
  }

  /** Somebody who sees the halt and takes it back at once, when positions are still open. */
  #clearOnceHalted(looks: number): void {
    const { redisNetwork, timeline } = this.#simulation;
    if (looks === 0) return;
    timeline.after(LOOK_EVERY_US, timeline.nobody, "operator looks", () => {
      if (redisNetwork.look("HGET", this.#keys.tradingState, "halted") === "true")
        this.#clearHaltByHttp(false);
      else this.#clearOnceHalted(looks - 1);
    });
  }

  /** As the runbook says: `halted` is set to false, and the worker takes its file away. */
  #clearHalt(): void {
    const { redisNetwork } = this.#simulation;
    if (redisNetwork.look("HGET", this.#keys.tradingState, "halted") !== "true") return;
    redisNetwork.write("HSET", this.#keys.tradingState, "halted", "false", "cleared_by", "operator");
  }

  #next(): void {
    const { timeline } = this.#simulation;
    timeline.after(this.#everyMs * 2000 * this.#chance.next(), timeline.nobody, "operator acts", () => {
      if (!this.#running) return;
      this.#act();
      this.#next();
    });
  }

  #later(act: () => void, msMax = 4000): void {
    const { timeline } = this.#simulation;
    const us = this.#chance.between(50, msMax) * 1000;
    timeline.after(us, timeline.nobody, "operator goes on", act);
  }

  #act(): void {
    const { redisNetwork: redis, timeline } = this.#simulation;
    if (redis.downUntilUs > timeline.nowUs || redis.hungUntilUs > timeline.nowUs) return;
    const [first, ...more]: readonly Deed[] = this.#chain ? [...ALWAYS, ...CHAIN] : [...ALWAYS, ...HALTING];
    if (first !== undefined) this.#deeds[this.#chance.pick([first, ...more])]();
  }

  readonly #deeds: Readonly<Record<Deed, () => void>> = {
    kill: () => {
      this.#simulation.redisNetwork.write("SET", this.#keys.kill, "1");
      this.#later(() => this.arm());
    },
    kill_by_http: () => {
      this.#askRouter("PUT", "/v1/kill", { engaged: true });
      this.#later(() => this.#askRouter("PUT", "/v1/kill", { engaged: false }));
    },
    safe_mode: () => {
      this.#simulation.redisNetwork.write("SET", this.#keys.safeMode, "1");
      this.#later(() => void this.#simulation.redisNetwork.write("DEL", this.#keys.safeMode));
    },
    safe_mode_by_http: () => {
      this.#askRouter("PUT", "/v1/safe-mode", this.#chance.hit(0.5) ? {} : { ttl_sec: 2 });
      this.#later(() => this.#askRouter("DELETE", "/v1/safe-mode", undefined));
    },
    halt_file: () => {
      const { timeline, trace } = this.#simulation;
      trace.say(timeline.nowUs, "operator", "touches the halt file");
      writeFileSync(this.#haltFile, "by hand\n");
      this.#later(() => rmSync(this.#haltFile, { force: true }));
    },
    clear_halt: () => this.#clearHalt(),
    clear_halt_by_http: () => this.#clearHaltByHttp(this.#chance.hit(0.2)),
    panic_by_http: () =>
      this.#desk.ask({ server: "worker", method: "POST", path: "/v1/panic", body: this.#panic() }),
    panic_cleared: () => {
      this.#callPanic();
      this.#clearOnceHalted(80);
    },
    // Called, its halt cleared by somebody who thinks better of it, and called again by somebody who does not.
    panic_again: () => {
      this.#callPanic();
      this.#later(() => {
        this.#clearHalt();
        this.#later(() => this.#callPanic(), 400);
      }, 2400);
    },
    arm: () => this.arm(),
  };

  #clearHaltByHttp(force: boolean): void {
    if (!this.#running) return;
    const body = { why: "simulated", force };
    this.#desk.ask({ server: "worker", method: "DELETE", path: "/v1/halt", body });
  }

  #askRouter(method: "PUT" | "DELETE", path: "/v1/kill" | "/v1/safe-mode", body: object | undefined): void {
    if (!this.#running) return;
    const server = this.#routers > 1 ? this.#chance.pick(["router-1", "router-2"]) : "router-1";
    this.#desk.ask({ server, method, path, body: body === undefined ? undefined : { ...body } });
  }

  #callPanic(): void {
    const fields = Object.entries(this.#panic()).flatMap(([name, value]) => [name, String(value)]);
    if (this.#running) this.#simulation.redisNetwork.write("XADD", this.#keys.panicStream, "*", ...fields);
  }

  #panic() {
    const event_id = simulatedUuid();
    const ts = this.#simulation.wallMs();
    return { event_id, reason: "OPERATOR", severity: "CRITICAL", issued_by: "ops", ts } as const;
  }
}
