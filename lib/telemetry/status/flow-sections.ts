import { html } from "hono/html";
import { badge } from "./badge.ts";
import { durationText } from "./duration-text.ts";
import type { HistoryPoint } from "./history.ts";
import { plot } from "./plot.ts";
import type { StatusView } from "./status-view.ts";
import { table } from "./table.ts";

const SHORT_MAX = 24;

/** Counts against their limits. */
export function ratesSection({ rates, daily_trades: daily, backlog, intents_per_min: perMin }: StatusView) {
  return html`<ul class="meters">
      ${meter(`All symbols, last ${rates.window_sec} s`, rates.global.sliding, rates.global.limit)}
      ${meter("All symbols, current bucket", rates.global.bucket, rates.global.limit)}
      ${rates.top.map(({ symbol, count }) => meter(`${symbol}, current bucket`, count, rates.symbol_limit))}
      ${meter("Trades today", daily.used, daily.limit)}
      ${meter("Backlog of intents", backlog.now, backlog.limit)}
    </ul>
    <p class="quiet">Intents published: ${perMin === null ? "not known yet" : `${perMin.toFixed(1)} a minute`}</p>`;
}

function meter(name: string, value: number | null, limit: number) {
  const figure = value === null ? "unknown" : `${value} of ${limit}`;
  const bar =
    value === null
      ? ""
      : html`<meter min="0" max="${Math.max(1, limit)}" high="${limit * 0.75}" optimum="0" value="${value}" aria-hidden="true"></meter>`;
  return html`<li><span>${name}</span><b>${figure}</b>${bar}</li>`;
}

/** The last hour in pictures. */
export function plotsSection(view: StatusView, points: readonly HistoryPoint[]) {
  const { rates, now_ms: now } = view;
  return [
    plot({ title: "Intents:", unit: "a minute", pick: (point) => point.intentsPerMin }, points, now),
    plot(
      { title: "Rate window:", unit: "intents", limit: rates.global.limit, pick: (point) => point.rate },
      points,
      now,
    ),
    plot({ title: "Backlog:", unit: "intents", pick: (point) => point.backlog }, points, now),
    plot(
      { title: "Heartbeat age:", unit: "s", limit: 5, pick: (point) => point.heartbeatAgeSec },
      points,
      now,
    ),
  ];
}

/** What is open at the venue, and what nobody knows the fate of. */
export function positionsSection({ heartbeat, stops_missing: stops, orders_in_doubt: orders }: StatusView) {
  const open = heartbeat === null || heartbeat.atMs === undefined ? undefined : heartbeat.positions;
  return html`<p>Open positions: <b>${open ?? "unknown"}</b> · without a protective stop: <b>${stops.count}</b> ·
      orders in doubt: <b>${orders.count}</b></p>
    ${table("Without a protective stop at the venue", ["Position", "For"], {
      rows: stops.positions.map(({ position, ageSec }) => [position, durationText(ageSec)]),
      empty: "No position lacks its stop.",
    })}
    ${table("Orders in doubt, the oldest", ["Intent", "Age"], {
      rows: orders.oldest.map(({ intentId, ageSec }) => [short(intentId), durationText(ageSec)]),
      empty: "No order is in doubt.",
    })}`;
}

/** Streams by group: what waits, and for how long. */
export function pipelineSection({ groups, streams }: StatusView) {
  const lengthOf = (stream: string) => streams.find((one) => one.stream === stream)?.length ?? 0;
  return table(
    "Consumer groups",
    ["Stream", "Group", "Entries", "Unread", "Pending", "Oldest pending", "Trimmed unread"],
    {
      rows: groups.map((one) => [
        one.stream,
        one.missing ? html`${one.group} ${badge("warning", "missing")}` : one.group,
        lengthOf(one.stream),
        one.lag ?? badge("warning", "unknown"),
        one.pending,
        one.pending === 0 ? "–" : durationText(one.oldestPendingSec),
        (one.trimmedUnread ?? 0) > 0 ? badge("critical", String(one.trimmedUnread)) : "0",
      ]),
      empty: "No stream has a group yet.",
    },
  );
}

function short(text: string): string {
  return text.length > SHORT_MAX ? `${text.slice(0, SHORT_MAX - 1)}…` : text;
}
