import type { ROLES, Role } from "../../contract/roles.ts";
import { recordReply } from "../../redis/reply.ts";
import type { Collector, RoleInstance } from "../collector.ts";

/** Roles that beat; the others are no daemons of the kernel. */
export const BEATING_ROLES = [
  "ai-strategy-router",
  "execution",
  "exit-brain",
  "exit-brain-watchdog",
  "emergency-exit-worker",
  "safety-telemetry",
  "audit-logger",
] as const satisfies readonly (keyof typeof ROLES)[];

/**
 * Instances of one role that are followed: of more, those that came last, as a hash of this size lists its fields. A name
 * stays for ever, and hosts are renamed: what runs is not to be crowded out by what is long gone.
 */
const INSTANCES_MAX = 16;
const FIELD = /^restarts:([A-Za-z0-9._-]{1,64})$/;

export interface InstancesState {
  readonly starts: readonly (RoleInstance & { readonly restarts: number })[];
}

/**
 * Which instances there are, by the starts that every role counts beside its statistics. That makes their role
 * keys known by name: no walk over the keyspace.
 */
export const instancesCollector: Collector<"quantum_role_restarts_total", InstancesState> = {
  name: "instances",
  commands: ({ keys }) => BEATING_ROLES.map((role) => ["HGETALL", `${keys.statsPrefix}${role}`]),
  decode: (replies) => ({
    starts: BEATING_ROLES.flatMap((role: Role) => {
      const fields = Object.entries(recordReply(replies.next()));
      const starts = fields.flatMap(([field, count]) => {
        const instance = FIELD.exec(field)?.[1];
        return instance === undefined ? [] : [{ role, instance, restarts: Number(count) || 0 }];
      });
      return starts.slice(-INSTANCES_MAX);
    }),
  }),
  readings: ({ starts }) => ({
    quantum_role_restarts_total: starts.map(({ role, instance, restarts }) => ({
      labels: { role, role_instance: instance },
      value: restarts,
    })),
  }),
};
