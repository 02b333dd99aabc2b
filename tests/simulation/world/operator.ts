import { rmSync, writeFileSync } from "node:fs";
import type { Keys } from "../../../lib/contract/keys.ts";
import type { Chance } from "../engine/chance.ts";
import type { Simulation } from "../engine/simulation.ts";

/** Somebody with a redis-cli and a shell: stops and arms trading at moments that suit nobody. */
export class Operator {
  readonly #simulation: Simulation;
  readonly #keys: Keys;
  readonly #haltFile: string;
  readonly #chance: Chance;
  #running = true;

  constructor(simulation: Simulation, keys: Keys, haltFile: string) {
    this.#simulation = simulation;
    this.#keys = keys;
    this.#haltFile = haltFile;
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
    rmSync(this.#haltFile, { force: true });
  }

  #next(): void {
    const { timeline } = this.#simulation;
    timeline.after(this.#chance.between(2000, 15_000) * 1000, timeline.nobody, "operator acts", () => {
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
    const deed = this.#chance.pick(["kill", "kill", "safe_mode", "halt_file", "arm"]);
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
      case "arm":
        this.arm();
    }
  }
}
