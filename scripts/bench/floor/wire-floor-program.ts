/** The floor of a role that speaks to Redis over the repository's own wire: the same without node-redis. */
import { openPlainWire } from "../../../lib/redis/plain-wire.ts";
import { runFloor } from "./run-floor.ts";

void runFloor(async (url) => {
  const how = { name: "floor", connectDeadlineMs: 5000, socketTimeoutMs: 60_000 };
  const wire = await openPlainWire({ url, ...how });
  void wire.ended.then(() => process.exit(1));
});
