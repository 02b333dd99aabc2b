import type { Keys } from "../contract/keys.ts";
import type { Role } from "../contract/roles.ts";
import type { SampledName } from "./catalogue.ts";
import type { ReadingsOf } from "./readings.ts";
import type { Replies } from "./replies.ts";

/** Limits that readings are shown against, as the router is configured with. */
export interface KernelLimits {
  readonly windowSec: number;
  readonly globalMax: number;
  readonly symbolMax: number;
  readonly dailyMax: number;
  readonly backlogMax: number;
  readonly faultLookbackMax: number;
}

export interface RoleInstance {
  readonly role: Role;
  readonly instance: string;
}

/** What a sample is about. */
export interface SampleInput {
  readonly keys: Keys;
  /** The Redis server's clock, epoch ms: the one that stream ids and buckets are made of. */
  readonly nowMs: number;
  /** Since when the connection stands, epoch ms: a Redis that restarted gives a newer one. */
  readonly connectedSinceMs: number;
  readonly limits: KernelLimits;
  /** Instances of roles that have ever beaten, as far as they are known. */
  readonly instances: readonly RoleInstance[];
}

/**
 * One thing that is read at every sample. Pure: the same answers make the same state. A `decode` that throws fails
 * this collector alone; its metrics keep what they showed.
 */
export interface Collector<Name extends SampledName, State> {
  /** The label `collector`. */
  readonly name: string;
  /** What another collector asks, too, is asked once. `before` as in `decode`. */
  commands(input: SampleInput, before: State | undefined): readonly (readonly string[])[];
  /** `before` is what the last sample decoded. Throws on what it cannot understand. */
  decode(replies: Replies, input: SampleInput, before: State | undefined): State;
  readings(state: State, input: SampleInput): ReadingsOf<Name>;
}
