import type { StatusView } from "./status-view.ts";

/** Something that an operator should look at, the worst first. */
export interface Concern {
  readonly severity: "critical" | "warning";
  readonly text: string;
}

/** Limits as the alerts have them, seconds or entries. */
const LIMITS = {
  heartbeatSec: 5,
  orderSec: 60,
  pendingSec: 60,
  lag: 100,
  drillSec: 35 * 86_400,
  rateShare: 0.75,
};

/** What is wrong or about to be. Texts carry no figure that ticks: they are read out when they change. */
export function decideConcerns(view: StatusView): readonly Concern[] {
  const found = [
    ...sourceConcerns(view),
    ...emergencyConcerns(view),
    ...entryConcerns(view),
    ...pipelineConcerns(view),
  ];
  return [
    ...found.filter(({ severity }) => severity === "critical"),
    ...found.filter(({ severity }) => severity === "warning"),
  ];
}

const critical = (text: string): Concern => ({ severity: "critical", text });
const warning = (text: string): Concern => ({ severity: "warning", text });
const when = (holds: boolean, concern: Concern): readonly Concern[] => (holds ? [concern] : []);

function sourceConcerns(view: StatusView): readonly Concern[] {
  const { redis, failing_collectors: failing } = view;
  return [
    ...when(!redis.up, critical(`Redis is lost: all values are the last ones read (${redis.detail})`)),
    ...failing.map(({ name, failure }) => warning(`Not understood: ${name} (${failure.slice(0, 120)})`)),
  ];
}

function emergencyConcerns(view: StatusView): readonly Concern[] {
  const { halt, heartbeat, stops_missing: stops, orders_in_doubt: orders, roles } = view;
  const open = view.panics.filter((panic) => panic.open);
  const dead = roles.up.filter(({ alive }) => !alive);
  const beating = heartbeat !== null && heartbeat.atMs !== undefined;
  const lastResort = (role: string) => role === "exit-brain-watchdog" || role === "emergency-exit-worker";
  return [
    ...open.map(({ reason, issuedBy }) => critical(`Panic not completed: ${reason} (by ${issuedBy})`)),
    ...when(halt?.halted === true, critical(`Trading is halted: ${halt?.reason || "no reason recorded"}`)),
    ...when(heartbeat !== null && !beating, critical("The exit brain has never beaten")),
    ...when(beating && heartbeat.ageSec > LIMITS.heartbeatSec, critical("The exit brain does not beat")),
    ...when(beating && heartbeat.status === "DEGRADED", critical("The exit brain says it is degraded")),
    ...when(
      beating && heartbeat.status === "UNREADABLE",
      critical("The exit brain's heartbeat is unreadable"),
    ),
    ...when(stops.count > 0, critical(`Without a protective stop at the venue: ${stops.count} position(s)`)),
    ...when(
      orders.oldest.some(({ ageSec }) => ageSec > LIMITS.orderSec),
      critical("An order has been in doubt for over a minute"),
    ),
    ...dead.map(({ role }) => (lastResort(role) ? critical : warning)(`Not running: ${role}`)),
    ...roles.instances
      .filter(({ credentialsOk }) => credentialsOk === false)
      .map(({ role }) => critical(`The venue refuses the credentials of ${role}`)),
    ...when(view.drill_failed, critical("The newest drill of the emergency exit failed")),
    ...when(drillOverdue(view), warning("No drill of the emergency exit in the last 35 days")),
  ];
}

function drillOverdue({ last_drill_ms: drill, now_ms: now, sample_age_sec: sampled }: StatusView): boolean {
  return sampled !== null && (drill === null || now - drill > LIMITS.drillSec * 1000);
}

function entryConcerns(view: StatusView): readonly Concern[] {
  const { safe_mode: safeMode, kill_switch: kill, rates, backlog } = view;
  const full = rates.global.sliding !== null && rates.global.sliding >= rates.global.limit * LIMITS.rateShare;
  return [
    ...when(safeMode?.on === true, critical("Safe mode is on: entries are denied, exits pass")),
    ...when(kill?.engaged === true, warning("The kill switch is engaged: entries are denied")),
    ...when(full, warning("The global rate is near its limit")),
    ...when(backlog.now !== null && backlog.now >= backlog.limit, critical("The backlog is full")),
  ];
}

function pipelineConcerns({ groups, roles, mode }: StatusView): readonly Concern[] {
  const builds = new Set(roles.instances.map(({ git }) => git));
  const foreign = mode.recorded !== null && mode.recorded !== mode.configured;
  return [
    ...groups.flatMap((group) => groupConcerns(group)),
    ...when(builds.size > 1, warning(`Roles run ${builds.size} different builds`)),
    ...when(
      foreign,
      critical(`Recorded mode ${mode.recorded}, this exporter is configured for ${mode.configured}`),
    ),
  ];
}

function groupConcerns(one: StatusView["groups"][number]): readonly Concern[] {
  const name = `${one.group} on ${one.stream}`;
  const waiting = one.oldestPendingSec > LIMITS.pendingSec && one.group !== "audit_logger";
  return [
    ...when(one.missing, warning(`No group: ${name}`)),
    ...when(!one.missing && one.lag === undefined, warning(`Lag unknown: ${name}`)),
    ...when((one.trimmedUnread ?? 0) > 0, critical(`Trimmed unread: ${name}`)),
    ...when((one.lag ?? 0) > LIMITS.lag, warning(`Unread entries pile up: ${name}`)),
    ...when(waiting, critical(`Delivered and not finished for over a minute: ${name}`)),
  ];
}
