import { html } from "hono/html";
import { badge } from "./badge.ts";
import { durationText } from "./duration-text.ts";
import type { StatusView } from "./status-view.ts";
import { table } from "./table.ts";

/** The newest fault events. */
export function faultsSection({ faults, fail_open_total: failOpen, now_ms: now }: StatusView) {
  return html`<p>In the last hour: <b>${faults.last_hour ?? "unknown"}</b> · admitted without the shared counters, ever:
      <b>${failOpen}</b></p>
    ${table("Newest fault events", ["When", "Reason", "Symbol", "Side", "All", "Symbol's", "Stands for"], {
      rows: faults.recent.map((one) => [
        `${durationText(Math.max(0, now - one.atMs) / 1000)} ago`,
        one.reason,
        one.symbol || "–",
        one.side || "–",
        one.counts.global,
        one.counts.symbol,
        one.standsFor,
      ]),
      empty: "No fault event.",
    })}`;
}

/** Panics and how they ended. */
export function panicsSection({ panics, now_ms: now }: StatusView) {
  return table("Newest panics", ["When", "Reason", "By", "Ended"], {
    rows: panics.map((one) => [
      `${durationText(Math.max(0, now - one.atMs) / 1000)} ago`,
      one.reason,
      one.issuedBy,
      one.open ? badge("critical", one.status ?? "running") : badge("good", one.status ?? "cleared"),
    ]),
    empty: "No panic.",
  });
}

/** What became of decisions and intents, ever. */
export function resultsSection({ results, denials }: StatusView) {
  const counted = [
    ...results.outcomes.map(({ name, count }) => ["ended", name, count] as const),
    ...results.held.map(({ name, count }) => ["held", name, count] as const),
    ...results.wouldHold.map(({ name, count }) => ["would have held", name, count] as const),
    ...denials.map(({ role, reason, count }) => [`denied by ${role}`, reason, count] as const),
  ];
  const rows = counted.filter(([, , count]) => count > 0);
  return table("Since counting began", ["What", "How or why", "Count"], {
    rows,
    empty: "Nothing was counted yet.",
  });
}

/** Who runs, since when it has been silent, and which build. */
export function rolesSection({ roles }: StatusView) {
  const down = roles.up.filter(({ alive }) => !alive);
  const rows = [
    ...down.map(({ role }) => [role, badge("critical", "DOWN"), "–", "–", "–", "–"] as const),
    ...roles.instances.map(
      (one) =>
        [
          `${one.role} (${one.instance})`,
          badge("good", "UP"),
          `${durationText(one.beatAgeSec)} ago`,
          `${one.version} ${one.git}`,
          one.mode,
          one.restarts,
        ] as const,
    ),
  ];
  return table("Roles", ["Role", "State", "Last beat", "Build", "Mode", "Restarts"], {
    rows,
    empty: "No role is known.",
  });
}
