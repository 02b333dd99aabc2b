import { entryTimeMs } from "../../../lib/redis/entry-time.ts";
import type { RedisEye } from "../../stack/redis-process.ts";

const LOOK_EVERY_MS = 50;

/** How far a group is behind its stream, seen every 50 ms until it is stopped. */
export interface DelayWatch {
  /** [ms since the start, ms behind]. */
  stop(): Promise<readonly (readonly [number, number])[]>;
}

/**
 * Watches the age, by the server's clock, of the oldest entry that a group has not finished: unread or handed out
 * and not acknowledged. 0 when there is none.
 */
export function watchDelay(eye: RedisEye, stream: string, group: string): DelayWatch {
  const seen: (readonly [number, number])[] = [];
  const startMs = performance.now();
  let watching = true;
  const running = (async () => {
    while (watching) {
      seen.push([performance.now() - startMs, await delayMs(eye, stream, group)]);
      await Bun.sleep(LOOK_EVERY_MS);
    }
  })();
  return {
    async stop() {
      watching = false;
      await running;
      return seen;
    },
  };
}

async function delayMs(eye: RedisEye, stream: string, group: string): Promise<number> {
  // One transaction: between two looks tens of thousands of entries pass.
  const [, , , , replies] = await Promise.all([
    eye.command("MULTI"),
    eye.command("TIME"),
    eye.command("XINFO", "GROUPS", stream),
    eye.command("XPENDING", stream, group),
    eye.command("EXEC"),
  ]);
  const [time, groups, pending] = Array.isArray(replies) ? replies : [];
  const nowMs = Array.isArray(time) ? Number(time[0]) * 1000 + Number(time[1]) / 1000 : Number.NaN;
  const listed = (Array.isArray(groups) ? groups : []).map((one: unknown) => (Array.isArray(one) ? one : []));
  const own = listed.find((one) => one[1] === group) ?? [];
  if (Array.isArray(pending) && Number(pending[0]) > 0)
    return Math.max(0, nowMs - entryTimeMs(String(pending[1])));
  const lag = own[own.indexOf("lag") + 1];
  if (lag === 0) return 0;
  const [next] = await nextAfter(eye, stream, String(own[own.indexOf("last-delivered-id") + 1]));
  return next === undefined ? 0 : Math.max(0, nowMs - next);
}

/** The time of the first entry behind an id. */
async function nextAfter(eye: RedisEye, stream: string, id: string): Promise<readonly number[]> {
  const reply = await eye.command("XRANGE", stream, `(${id}`, "+", "COUNT", "1");
  return (Array.isArray(reply) ? reply : []).map((entry: unknown) =>
    entryTimeMs(Array.isArray(entry) ? String(entry[0]) : ""),
  );
}
