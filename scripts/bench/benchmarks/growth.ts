import { join } from "node:path";
import type { Benchmark, Measurement, Plot } from "../benchmark.ts";
import { admitChunk, type GrownState, growTo, PER_CALL } from "../drive/grown-state.ts";
import type { Finding } from "../finding.ts";
import { median } from "../measure/median.ts";
import { ratioOfRounds } from "../measure/ratio-of-rounds.ts";
import { type BenchRedis, type Effort, startBenchRedis, type Workbench } from "../workbench.ts";

const ROUNDS = { quick: 3, full: 9, long: 9 } as const;
/** Short enough that a state hardly grows by being measured. */
const CHUNK = 1600;
const FLAT = 1.3;
const SMALL: GrownState = { intents: 1000, symbols: 6, pending: 0 };

interface Dimension {
  readonly name: keyof GrownState;
  /** What it is called where its decisions are not admitted as a router does. */
  readonly said?: string;
  readonly perCall?: number;
  readonly base: GrownState;
  readonly sizes: Readonly<Record<Effort, readonly number[]>>;
  at(size: number): GrownState;
}

const DIMENSIONS: readonly Dimension[] = [
  {
    name: "intents",
    base: SMALL,
    sizes: { quick: [10_000], full: [10_000, 100_000], long: [10_000, 100_000, 1_000_000] },
    at: (intents) => ({ ...SMALL, intents }),
  },
  {
    name: "symbols",
    base: { ...SMALL, symbols: 1 },
    sizes: { quick: [1000], full: [10, 100, 1000], long: [10, 100, 1000] },
    at: (symbols) => ({ ...SMALL, symbols }),
  },
  {
    name: "symbols",
    said: "symbols, one decision a call",
    perCall: 1,
    base: { ...SMALL, symbols: 1 },
    sizes: { quick: [1000], full: [100, 1000], long: [100, 1000] },
    at: (symbols) => ({ ...SMALL, symbols }),
  },
  {
    name: "pending",
    base: { ...SMALL, pending: 1000 },
    sizes: { quick: [10_000], full: [10_000, 100_000], long: [10_000, 100_000] },
    at: (pending) => ({ ...SMALL, intents: pending, pending }),
  },
];

/** Whether an admission costs the same on a server that has seen much. */
export const growth: Benchmark = {
  name: "growth",
  title: "Growth: the cost of an intent as state grows",
  method:
    "Two servers: one small (1000 intents, 6 symbols, none pending unless said), one grown. In turn each admits " +
    `${CHUNK} new decisions, ${PER_CALL} a call unless said, from a bare socket; the small one is emptied and filled anew each time. ` +
    "The cost is the server's own processor time, sockets included, which other programs on the machine hardly " +
    `change. Medians of ${ROUNDS.full} rounds of the ratio. Intents: admitted and executed before. Symbols: how many the ` +
    "decisions are on. Pending: handed to execution and not acknowledged (then as many intents). A million " +
    "intents only with --long.",
  limit:
    "*Symbols*: what costs is not how many are known but how few of a call's decisions share one. On one symbol a call reads " +
    "and writes one window and one counter for all of its decisions; on a thousand nearly each decision has its own, which " +
    "is an LINDEX, an LPUSH and an INCRBY more for each. The keys are the contract's, and no command writes several of " +
    "them at once. One decision a call runs the same commands in both cases; what is left there is that the keys of many " +
    "symbols do not stay in the processor's cache.",
  run: measure,
};

async function measure(bench: Workbench): Promise<Measurement> {
  const small = await startBenchRedis({ ...bench, folder: join(bench.folder, "small") }, "everysec");
  const grown = await startBenchRedis({ ...bench, folder: join(bench.folder, "grown") }, "everysec");
  const findings: Finding[] = [];
  const points: object[] = [];
  for (const dimension of DIMENSIONS) {
    const baseSize = dimension.base[dimension.name];
    const said = dimension.said ?? dimension.name;
    points.push({ of: said, size: baseSize, ratio: 1, low: 1, high: 1 });
    for (const size of dimension.sizes[bench.effort]) {
      const finding = await compare({ small, grown }, dimension, { size, rounds: ROUNDS[bench.effort] });
      findings.push(finding);
      const { value = Number.NaN, low, high } = finding.ratio ?? {};
      points.push({ of: said, size, ratio: value, low, high });
    }
  }
  return { findings, plots: [growthPlot(points)] };
}

async function compare(
  servers: { readonly small: BenchRedis; readonly grown: BenchRedis },
  dimension: Dimension,
  load: { readonly size: number; readonly rounds: number },
): Promise<Finding> {
  const { name, base, said = name, perCall = PER_CALL } = dimension;
  const state = dimension.at(load.size);
  const grownKeys = await growTo(servers.grown, state);
  const rounds: { readonly smallMicros: number; readonly grownMicros: number }[] = [];
  for (let round = 0; round <= load.rounds; round += 1) {
    const smallKeys = await growTo(servers.small, base);
    const smallMicros = await admitChunk(servers.small, smallKeys, {
      decisions: CHUNK,
      symbols: base.symbols,
      perCall,
    });
    const grownMicros = await admitChunk(servers.grown, grownKeys, {
      decisions: CHUNK,
      symbols: state.symbols,
      perCall,
    });
    if (round > 0) rounds.push({ smallMicros, grownMicros });
  }
  return {
    what: counted(load.size, said),
    figure: median(rounds.map(({ grownMicros }) => grownMicros)),
    unit: "µs an intent",
    ratio: ratioOfRounds(rounds, ({ grownMicros }) => grownMicros, {
      of: ({ smallMicros }) => smallMicros,
      to: counted(base[name], name),
    }),
    aim: { of: "ratio", bound: "at most", limit: FLAT },
  };
}

/** "1 symbol", "10 symbols"; "pending" has no singular. */
function counted(size: number, what: string): string {
  return `${size} ${size === 1 ? what.replace(/s\b/, "") : what}`;
}

function growthPlot(points: readonly object[]): Plot {
  const x = { field: "size", type: "quantitative", scale: { type: "log" }, title: "how many" };
  const y = { field: "ratio", type: "quantitative", title: "cost of an intent, × the smallest" };
  const color = { field: "of", type: "nominal", title: null };
  return {
    name: "growth",
    spec: {
      ...{ width: 520, height: 260, data: { values: points } },
      layer: [
        { mark: { type: "line", point: true }, encoding: { x, y, color } },
        { mark: "rule", encoding: { x, y: { ...y, field: "low" }, y2: { field: "high" }, color } },
        { mark: { type: "rule", strokeDash: [4, 4] }, encoding: { y: { datum: FLAT } } },
      ],
    },
  };
}
