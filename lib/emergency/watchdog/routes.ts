import { Hono } from "hono";
import { encodeLatch } from "./latch.ts";
import type { PositionWatch } from "./position-watch.ts";
import type { Watch } from "./watch.ts";
import type { WatchClock } from "./watch-clock.ts";

/** The watchdog's endpoint under /v1: it only reads. Nothing here stops a watchdog or clears its latch. */
export function watchdogRoutes(parts: {
  readonly watch: Watch;
  readonly positions: PositionWatch;
  readonly watchClock: WatchClock;
}): Hono {
  const { watch, positions, watchClock } = parts;
  const app = new Hono();
  app.get("/watch", (context) => {
    const { last, unannouncedMs } = watch.brain;
    const ageMs = watch.heartbeatAgeMs();
    return context.json({
      state: watch.state,
      state_since: watch.stateSinceMs,
      finding: watch.finding,
      heartbeat_age_ms: ageMs === undefined ? null : Math.round(ageMs),
      last_heartbeat: last ?? null,
      unannounced_starts: unannouncedMs.length,
      positions: positions.view(),
      redis_silent_ms: Math.round(watchClock.redisSilentMs()),
      venue_silent_ms: Math.round(positions.venue().silentMs),
      latch: watch.latch === undefined ? null : encodeLatch(watch.latch),
    });
  });
  return app;
}
