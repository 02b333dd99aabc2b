import { rmSync, writeFileSync } from "node:fs";
import type { Keys } from "../../../lib/contract/keys.ts";
import type { Chance } from "../engine/chance.ts";
import type { Simulation } from "../engine/simulation.ts";

/** Somebody with a redis-cli and a shell: stops and arms trading at moments that suit nobody. */
export class Operator {
  readonly #simulation: Simulation;
  readonly #keys: Keys;
  readonly #haltFile: string;
  /** The halt file is the worker's then: it is cleared by clearing the halt in Redis. */
  readonly #chain: boolean;
  readonly #everyMs: number;
  readonly #chance: Chance;
  #running = true;

  constructor(
    simulation: Simulation,
    how: {
      readonly keys: Keys;
      readonly haltFile: string;
      readonly chain: boolean;
      readonly everyMs: number;
    },
  ) {
    this.#simulation = simulation;
    this.#keys = how.keys;
    this.#haltFile = how.haltFile;
    this.#chain = how.chain;
    this.#everyMs = how.everyMs;
    this.#chance = simulation.chance.branch("operator");
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

  #act(): void {
    const { redisNetwork: redis, timeline } = this.#simulation;
    if (redis.downUntilUs > timeline.nowUs || redis.hungUntilUs > timeline.nowUs) return;
    const later = (act: () => void) => {
      const us = this.#chance.between(50, 4000) * 1000;
      timeline.after(us, timeline.nobody, "operator takes it back", act);
    };
    const halt = this.#chain ? "clear_halt" : "halt_file";
    const deed = this.#chance.pick(["kill", "kill", "safe_mode", halt, halt, "arm"] as const);
    switch (deed) {
      case "kill":
        redis.write("SET", this.#keys.kill, "1");
        later(() => this.arm());
        break;
      case "safe_mode":
        redis.write("SET", this.#keys.safeMode, "1");
        later(() => void redis.write("DEL", this.#keys.safeMode));
        break;
      case "halt_file":
        this.#simulation.trace.say(timeline.nowUs, "operator", "touches the halt file");
        writeFileSync(this.#haltFile, "by hand\n");
        later(() => rmSync(this.#haltFile, { force: true }));
        break;
      case "clear_halt":
        this.#clearHalt();
        break;
      case "arm":
        this.arm();
    }
  }
}
