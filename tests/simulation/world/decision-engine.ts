import type { Keys } from "../../../lib/contract/keys.ts";
import { type DecisionKind, DecisionMaker } from "../../../scripts/stack/decision-maker.ts";
import type { Chance } from "../engine/chance.ts";
import type { Simulation } from "../engine/simulation.ts";
import type { Market } from "./market.ts";

/** More entries than on an ordinary day, and a little of everything that is wrong with a decision. */
const MIX: readonly (readonly [DecisionKind, number])[] = [
  ["entry", 60],
  ["repeated", 8],
  ["close", 16],
  ["hold", 2],
  ["tiny", 2],
  ["low_reward", 2],
  ["wrong_stop", 2],
  ["stale", 2],
  ["no_side", 1],
  ["garbage", 1],
];
/** Share of older decisions that are published once more. */
const REPUBLISHED = 0.12;
const REMEMBERED = 12;

/** The AI engine: appends decisions on the prices it sees, repeats some, and does not care who listens. */
export class DecisionEngine {
  readonly #simulation: Simulation;
  readonly #keys: Keys;
  readonly #market: Market;
  readonly #chance: Chance;
  #maker: DecisionMaker;
  #makers = 0;
  readonly #everyMs: number;
  #published: (readonly string[])[] = [];
  #running = true;

  constructor(
    simulation: Simulation,
    how: { readonly keys: Keys; readonly market: Market; readonly everyMs: number },
  ) {
    this.#simulation = simulation;
    this.#keys = how.keys;
    this.#market = how.market;
    this.#chance = simulation.chance.branch("decisions");
    this.#maker = this.#newMaker();
    this.#everyMs = how.everyMs;
    this.#next();
  }

  stop(): void {
    this.#running = false;
  }

  /** What it published before is forgotten with everything else: a model does not decide on yesterday's prices. */
  stateLost(): void {
    this.#published = [];
    this.#maker = this.#newMaker();
  }

  #newMaker(): DecisionMaker {
    this.#makers += 1;
    return new DecisionMaker(this.#chance.next, `s${this.#simulation.seed}-${this.#makers}`, MIX);
  }

  #next(): void {
    const { timeline } = this.#simulation;
    const waitUs = this.#everyMs * 2000 * this.#chance.next();
    timeline.after(waitUs, timeline.nobody, "engine decides", () => {
      if (!this.#running) return;
      this.#decide();
      this.#next();
    });
  }

  #decide(): void {
    const { redisNetwork: redis, timeline } = this.#simulation;
    if (redis.downUntilUs > timeline.nowUs || redis.hungUntilUs > timeline.nowUs) return;
    const [old] = this.#published;
    if (old !== undefined && this.#chance.hit(REPUBLISHED)) {
      const again = this.#published[this.#chance.between(0, this.#published.length - 1)] ?? old;
      redis.write("XADD", this.#keys.decisionStream, "*", ...again);
      return;
    }
    const { fields } = this.#maker.next(this.#market.prices(), this.#simulation.wallMs());
    this.#published = [...this.#published, fields].slice(-REMEMBERED);
    redis.write("XADD", this.#keys.decisionStream, "*", ...fields);
  }
}
