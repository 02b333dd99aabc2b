import { html } from "hono/html";
import type { HistoryPoint } from "./history.ts";

const WIDTH = 240;
const HEIGHT = 48;
const SPAN_MS_MAX = 3_600_000;
const SPAN_MS_MIN = 300_000;

export interface PlotSubject {
  readonly title: string;
  readonly unit: string;
  readonly pick: (point: HistoryPoint) => number | null;
  /** Drawn as a line of its own; undefined: none. */
  readonly limit?: number;
}

/** One quantity over the last hour, or since it is known, as a small picture; its figures in words beside it. */
export function plot(subject: PlotSubject, points: readonly HistoryPoint[], nowMs: number) {
  const seen = points.flatMap((point) => {
    const value = subject.pick(point);
    return value === null ? [] : [{ atMs: point.atMs, value }];
  });
  const spanMs = Math.min(SPAN_MS_MAX, Math.max(SPAN_MS_MIN, nowMs - (points[0]?.atMs ?? nowMs)));
  const values = seen.map(({ value }) => value);
  const top = Math.max(1, ...values, subject.limit ?? 0);
  const y = (value: number) => (HEIGHT - 2 - (value / top) * (HEIGHT - 4)).toFixed(1);
  const x = (atMs: number) => (WIDTH - ((nowMs - atMs) / spanMs) * WIDTH).toFixed(1);
  const line = seen.map(({ atMs, value }) => `${x(atMs)},${y(value)}`).join(" ");
  const last = values.at(-1);
  const said =
    last === undefined
      ? "nothing known yet"
      : `now ${figure(last)} ${subject.unit}, highest of the last ${Math.round(spanMs / 60_000)} min ${figure(Math.max(...values))} ${subject.unit}`;
  const limit =
    subject.limit === undefined
      ? ""
      : html`<line class="limit" x1="0" x2="${WIDTH}" y1="${y(subject.limit)}" y2="${y(subject.limit)}" />`;
  return html`<figure>
    <figcaption><strong>${subject.title}</strong> ${said}</figcaption>
    <svg viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" aria-hidden="true" focusable="false">
      ${limit}<polyline points="${line}" />
    </svg>
  </figure>`;
}

function figure(value: number): string {
  return value >= 10 || Number.isInteger(value) ? String(Math.round(value)) : value.toFixed(1);
}
