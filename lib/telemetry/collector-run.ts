import type { SampledName } from "./catalogue.ts";
import type { Collector, SampleInput } from "./collector.ts";
import type { MetricBoard } from "./metric-board.ts";
import { type Answer, Replies } from "./replies.ts";

/** A collector with its memory, as the sampler drives it. */
export interface CollectorRun<State> {
  readonly name: string;
  /** What it understood last; undefined before the first time. */
  readonly latest: State | undefined;
  /** Why it did not understand the last answers; undefined when it did. */
  readonly failure: string | undefined;
  commands(input: SampleInput): readonly (readonly string[])[];
  /** Decodes and publishes; a failure is kept, counted and not thrown. */
  take(answers: readonly Answer[], input: SampleInput): void;
}

/** `monotonicMs` measures its own share of a sample. */
export function runCollector<Name extends SampledName, State>(
  collector: Collector<Name, State>,
  board: MetricBoard,
  monotonicMs: () => number,
): CollectorRun<State> {
  const labels = { collector: collector.name };
  let latest: State | undefined;
  let failure: string | undefined;
  return {
    name: collector.name,
    get latest() {
      return latest;
    },
    get failure() {
      return failure;
    },
    commands: (input) => collector.commands(input, latest),
    take(answers, input) {
      const beganMs = monotonicMs();
      try {
        const state = collector.decode(new Replies(answers), input, latest);
        board.publish(collector.readings(state, input));
        latest = state;
        failure = undefined;
      } catch (error) {
        failure = error instanceof Error ? error.message : String(error);
      }
      board.set("quantum_telemetry_collector_success", labels, failure === undefined ? 1 : 0);
      board.set("quantum_telemetry_collector_duration_seconds", labels, (monotonicMs() - beganMs) / 1000);
    },
  };
}
