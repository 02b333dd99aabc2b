import { streamRetentions } from "../../lib/contract/groups.ts";
import { keysOf } from "../../lib/contract/keys.ts";
import { svgPlot } from "../plot/svg-plot.ts";
import type { SoakRecord } from "./soak-record.ts";
import { isUnjudged, type Series, windowOf } from "./verdicts.ts";

interface PlotPoint {
  readonly line: string;
  readonly minute: number;
  readonly value: number;
  readonly piece: string;
}

/** Points a line; more only make the file large. */
const PLOTTED_MAX = 240;

const PROCESS_PANELS = [
  ["heap MiB", "In use after a collection, MiB"],
  ["RSS MiB", "Resident, MiB"],
  ["private MiB", "Anonymous memory, MiB"],
  ["descriptors", "Open descriptors"],
] as const;

/** One panel a measure, one line a process. */
export function plotProcesses(record: SoakRecord): Promise<string> {
  const panels = PROCESS_PANELS.map(([measure, title]) => ({
    title,
    points: pointsOf(
      record.series.filter((one) => one.measure === measure && one.subject !== "redis-server"),
      ({ subject }) => subject,
    ),
  })).filter(({ points }) => points.length > 0);
  return plot(record, "Soak: processes", panels);
}

/** One panel a kind of thing in Redis, one line each of it. */
export function plotRedis(record: SoakRecord): Promise<string> {
  const own = record.series.filter(({ subject }) => subject === "redis");
  const panel = (title: string, wanted: RegExp, lineOf: (rest: string) => string) => {
    const found = own.filter(({ measure }) => wanted.test(measure));
    const lines = Map.groupBy(found, ({ measure }) => lineOf(measure.replace(wanted, "")));
    return {
      title,
      points: pointsOf(
        [...lines].map(([line, parts]) => summed(line, parts)),
        nameOf,
      ),
    };
  };
  return plot(record, "Soak: Redis", [
    panel("Keys", /^keys: /, (family) => family),
    {
      title: "Stream lengths, % of what is kept",
      points: pointsOf(own.flatMap(shareOfKept), nameOf),
    },
    panel("Pending entries", /^pending: \S+ (?:quantum:group:)?/, (group) => group),
    panel("Connections", /^connections: /, () => "all"),
    panel("Memory used, MiB", /^memory MiB$/, () => "used_memory"),
  ]);
}

const nameOf = ({ subject }: Series): string => subject;

/** One series of several that were sampled at the same times. */
function summed(subject: string, parts: readonly Series[]): Series {
  const sums = new Map<number, number>();
  for (const { minute, value } of parts.flatMap(({ points }) => points)) {
    sums.set(minute, (sums.get(minute) ?? 0) + value);
  }
  const points = [...sums].sort(([one], [other]) => one - other);
  return { subject, measure: "", points: points.map(([minute, value]) => ({ minute, value, life: 0 })) };
}

/** The length of a stream that is trimmed, by its retention. */
function shareOfKept({ measure, points }: Series): readonly Series[] {
  const retention = streamRetentions(keysOf("")).find(({ stream }) => measure === `length of ${stream}`);
  if (retention?.entriesKept === undefined || isUnjudged(measure)) return [];
  const kept = retention.entriesKept;
  const shares = points.map((point) => ({ ...point, value: (100 * point.value) / kept }));
  const name = retention.stream.replace("quantum:stream:", "");
  // Of dead letters only decisions' are written in a soak: the others would be one more line upon another.
  return /^dlq:(?!ai\.decision)/.test(name) ? [] : [{ subject: name, measure, points: shares }];
}

function pointsOf(series: readonly Series[], lineOf: (one: Series) => string): readonly PlotPoint[] {
  return series.flatMap((one) => {
    const step = Math.ceil(one.points.length / PLOTTED_MAX);
    const line = lineOf(one);
    return one.points
      .filter((_, at) => at % step === 0)
      .map(({ minute, value, life }) => ({
        ...{ line, minute: round(minute), value: round(value) },
        piece: `${line} ${life}`,
      }));
  });
}

const round = (value: number) => Math.round(value * 100) / 100;

function plot(
  { minutes, seed, rate, faults }: SoakRecord,
  text: string,
  panels: readonly { readonly title: string; readonly points: readonly PlotPoint[] }[],
): Promise<string> {
  const { from, to } = windowOf(minutes);
  const subtitle = `seed ${seed}, ${rate} decisions a second, ${faults.length} faults; grey: judged`;
  const charts = panels.map(({ title, points }) => ({
    ...{ title: { text: title, fontSize: 12, fontWeight: "normal" }, width: 360, height: 200 },
    layer: [
      {
        data: { values: [{ from, to }] },
        mark: { type: "rect", color: "#f2f2f2" },
        encoding: {
          x: {
            field: "from",
            type: "quantitative",
            title: "minutes",
            scale: { domain: [0, Math.ceil(to - 0.5)] },
          },
          x2: { field: "to" },
        },
      },
      {
        data: { values: points },
        mark: { type: "line", strokeWidth: 1.2, clip: true },
        encoding: {
          x: { field: "minute", type: "quantitative" },
          y: { field: "value", type: "quantitative", title: null, scale: { zero: true, nice: true } },
          color: {
            ...{ field: "line", type: "nominal", title: null },
            legend: { symbolType: "stroke", symbolStrokeWidth: 2, labelLimit: 240 },
          },
          detail: { field: "piece", type: "nominal" },
        },
      },
    ],
  }));
  return svgPlot({
    title: { text, subtitle },
    ...{ columns: 2, resolve: { scale: { color: "independent" } }, concat: charts },
  });
}
