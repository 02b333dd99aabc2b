import { z } from "zod";
import { GROUPS, streamRetentions } from "../../lib/contract/groups.ts";
import { readProcessMemory } from "../bench/measure/process-memory.ts";
import { fetchJson } from "../stack/fetch-json.ts";
import type { RedisEye } from "../stack/redis-process.ts";
import { countDescriptors } from "./descriptors.ts";
import { addedMeasure } from "./key-causes.ts";
import { takeCensus } from "./key-census.ts";
import { readLiveHeap } from "./live-heap.ts";
import { SOAK_ROLES, type SoakStack } from "./soak-stack.ts";
import type { Point } from "./trend.ts";

const keptSchema = z.looseObject({ orders: z.int(), algoOrders: z.int() });

/**
 * What a process has in work while it is asked to collect is in use, and is not kept: the least of some looks is, which
 * are spread over a round of the slowest one's work (the exporter's sample, 15 s).
 */
const HEAP_LOOKS = 4;
const HEAP_LOOK_AGAIN_MS = 5000;

/** Every measured series, by subject and measure. */
export class Samples {
  readonly #series = new Map<
    string,
    { readonly subject: string; readonly measure: string; points: Point[] }
  >();

  add(subject: string, measure: string, point: Point): void {
    const name = `${subject}\n${measure}`;
    const series = this.#series.get(name) ?? { subject, measure, points: [] };
    this.#series.set(name, series);
    series.points.push(point);
  }

  all(): readonly {
    readonly subject: string;
    readonly measure: string;
    readonly points: readonly Point[];
  }[] {
    return [...this.#series.values()];
  }
}

/** One sample of everything. What is not there at the moment (a process between two lives) has no point. */
export async function sampleAll(
  stack: SoakStack,
  samples: Samples,
  at: { readonly minute: number; readonly redisLife: number; readonly daySec: number },
): Promise<void> {
  const { minute, redisLife } = at;
  for (const name of SOAK_ROLES) {
    const life = stack.role(name).life();
    if (life !== undefined)
      await sampleProcess(samples, name, { minute, life: life.number, pid: life.process.pid });
  }
  await sampleProcess(samples, "redis-server", { minute, life: redisLife, pid: stack.redis.process().pid });
  await sampleRedis(stack, samples, at);
}

async function sampleProcess(
  samples: Samples,
  subject: string,
  { minute, life, pid }: { readonly minute: number; readonly life: number; readonly pid: number },
): Promise<void> {
  try {
    const memory = await readProcessMemory(pid);
    samples.add(subject, "RSS MiB", { minute, life, value: memory.rssMib });
    samples.add(subject, "PSS MiB", { minute, life, value: memory.pssMib });
    samples.add(subject, "private MiB", { minute, life, value: memory.ownMib });
    samples.add(subject, "descriptors", { minute, life, value: countDescriptors(subject, pid) });
  } catch {
    // It ended while it was looked at; its next life is sampled.
  }
}

/** What every process has in use, once its garbage is collected. A process that hangs or has just ended has no point. */
export async function sampleHeaps(stack: SoakStack, samples: Samples, now: () => number): Promise<void> {
  const looked = SOAK_ROLES.map(async (name) => {
    const life = stack.role(name).life();
    if (life?.inspectorUrl === undefined) return;
    const value = await leastHeap(life.inspectorUrl);
    if (value !== undefined) samples.add(name, "heap MiB", { minute: now(), life: life.number, value });
  });
  await Promise.all(looked);
  await sampleKept(stack, samples, now());
}

/** MiB; undefined when the process never answers. */
async function leastHeap(inspectorUrl: string): Promise<number | undefined> {
  let least: number | undefined;
  for (let looks = 1; ; looks += 1) {
    const value = await readLiveHeap(inspectorUrl);
    least = value === undefined ? least : Math.min(least ?? value, value);
    if (looks === HEAP_LOOKS) return least;
    await Bun.sleep(HEAP_LOOK_AGAIN_MS);
  }
}

/** How much there is of what two processes keep by contract. */
async function sampleKept(
  { role, venueUrl, eye, keys }: SoakStack,
  samples: Samples,
  minute: number,
): Promise<void> {
  const counts = keptSchema.parse(await fetchJson(`${venueUrl}/paper/counts`));
  const orders = {
    minute,
    life: role("paper-exchange").life()?.number ?? 0,
    value: counts.orders + counts.algoOrders,
  };
  samples.add("paper-exchange", "kept", orders);
  let recorded = 0;
  for (const { stream, groups, optionalGroups } of streamRetentions(keys)) {
    if (![...groups, ...optionalGroups].includes(GROUPS.auditLogger)) continue;
    recorded += await addedTo(eye, stream);
  }
  const life = role("audit-logger").life()?.number ?? 0;
  samples.add("audit-logger", "kept", { minute, life, value: recorded });
}

/** Entries that a stream has ever had; 0: there is no stream. */
async function addedTo(eye: RedisEye, stream: string): Promise<number> {
  const reply = await eye.command("XINFO", "STREAM", stream).catch(() => []);
  const facts: string[] = Array.isArray(reply) ? reply.map(String) : [];
  return Number(facts[facts.indexOf("entries-added") + 1] ?? 0);
}

async function sampleRedis(
  stack: SoakStack,
  samples: Samples,
  { minute, daySec }: { readonly minute: number; readonly daySec: number },
): Promise<void> {
  const { eye, keys } = stack;
  const add = (measure: string, value: number) => samples.add("redis", measure, { minute, value, life: 0 });
  const census = await takeCensus(eye, keys, daySec);
  add(
    "keys",
    [...census.byFamily.values()].reduce((sum, count) => sum + count, 0),
  );
  add("keys without an end", census.lasting);
  for (const [family, count] of census.byFamily) add(`keys: ${family}`, count);
  const info = String(await eye.command("INFO", "memory"));
  add("memory MiB", Number(/^used_memory:(\d+)/m.exec(info)?.[1] ?? Number.NaN) / 1024 / 1024);
  for (const { stream } of streamRetentions(keys)) {
    add(`length of ${stream}`, Number(await eye.command("XLEN", stream)));
    add(addedMeasure(stream), await addedTo(eye, stream));
  }
  await samplePending(eye, add, streamRetentions(keys));
  const clients = String(await eye.command("CLIENT", "LIST"))
    .trimEnd()
    .split("\n");
  const names = clients.map((line) => / name=(\S*)/.exec(line)?.[1] ?? "").filter((name) => name !== "");
  for (const [name, own] of Map.groupBy(names, (one) => one)) add(`connections: ${name}`, own.length);
}

async function samplePending(
  eye: RedisEye,
  add: (measure: string, value: number) => void,
  retentions: ReturnType<typeof streamRetentions>,
): Promise<void> {
  for (const { stream, groups, optionalGroups } of retentions) {
    for (const group of [...groups, ...optionalGroups]) {
      const reply = await eye.command("XPENDING", stream, group);
      add(`pending: ${stream} ${group}`, Number(Array.isArray(reply) ? reply[0] : Number.NaN));
    }
  }
}
