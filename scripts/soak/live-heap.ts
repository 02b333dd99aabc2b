import { evaluateIn } from "./inspector.ts";

const COLLECT = "Bun.gc(true); process.memoryUsage().heapUsed";
/** Has a process collect its garbage: what is left in its heap is in use, MiB. Undefined when it does not answer. */
export async function readLiveHeap(inspectorUrl: string): Promise<number | undefined> {
  const bytes = await evaluateIn(inspectorUrl, COLLECT);
  return bytes === undefined ? undefined : bytes / 1024 / 1024;
}

/** From now on the process keeps so much more a second, for nothing. False when it does not answer. */
export async function plantLeak(inspectorUrl: string, kibASecond: number): Promise<boolean> {
  const numbers = Math.ceil((kibASecond * 1024) / 8 / 10);
  const leak = `globalThis.planted = []; setInterval(() => planted.push(new Float64Array(${numbers})), 100); 0`;
  return (await evaluateIn(inspectorUrl, leak)) === 0;
}
