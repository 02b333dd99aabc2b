import { newLife } from "../engine/life.ts";
import { newPlace } from "../engine/place.ts";
import type { Simulation } from "../engine/simulation.ts";
import { oneshotOf } from "../roles/programs.ts";
import type { Findings } from "../watch/findings.ts";

/** More often than the two minutes of the timer: a run is shorter than that. */
const EVERY_MS = 9000;
/** Now and then it is killed on its way. */
const KILLED = 0.15;

/** Stream recovery on its timer; returns how to end that. */
export function keepRecovering(
  simulation: Simulation,
  how: { readonly environment: Readonly<Record<string, string>>; readonly findings: Findings },
): () => void {
  const { timeline, trace, redisNetwork } = simulation;
  const chance = simulation.chance.branch("recovery");
  const place = newPlace("recovery");
  let running = true;
  let runs = 0;
  const run = () => {
    if (!running) return;
    runs += 1;
    const life = newLife(place, `recovery#${runs}`);
    const end = (what: string) => {
      if (!life.alive) return;
      life.alive = false;
      trace.say(timeline.nowUs, life.name, what);
      redisNetwork.leave(life);
    };
    const started = { instance: "recovery", environment: how.environment, beat: () => undefined };
    timeline.enter(life, () => {
      oneshotOf("stream-recover")
        .run(simulation, life, started)
        .then((code) => end(`exits ${code}`))
        .catch((error: unknown) => {
          how.findings.report(
            8,
            `stream recovery: ${error instanceof Error ? error.message : String(error)}`,
          );
        });
    });
    if (chance.hit(KILLED))
      timeline.after(chance.between(1, 30) * 500, timeline.nobody, "kill", () => end("is killed"));
    timeline.after(EVERY_MS * 2000 * chance.next(), timeline.nobody, "recovery timer", run);
  };
  timeline.after(EVERY_MS * 1000 * chance.next(), timeline.nobody, "recovery timer", run);
  return () => {
    running = false;
  };
}
