import { expect, test } from "bun:test";
import { join } from "node:path";
import { z } from "zod";
import { startRedisServer } from "../../support/redis-server.ts";
import { fillRedis } from "./filled-redis.ts";

const PROGRAM = join(import.meta.dir, "../../../scripts/bench/drive/sampling-program.ts");
const lookSchema = z.object({ samples: z.number(), heapMib: z.number() });

// As many as an exporter takes in eight hours; `bun run bench --only exporter` takes those of two days.
test("the heap is no larger after 2000 samples than after 500", async () => {
  await using server = await startRedisServer();
  await fillRedis(server);
  const child = Bun.spawn(["bun", PROGRAM, server.url, "500", "2000"], { stdout: "pipe", stderr: "pipe" });
  const [out, err] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  expect({ err, code: await child.exited }).toEqual({ err: "", code: 0 });
  const [early, late] = out
    .trim()
    .split("\n")
    .map((line) => lookSchema.parse(JSON.parse(line)));
  expect(late?.samples).toBe(2000);
  // What a collection leaves differs by a third of this from run to run; a kilobyte kept at every sample is more.
  expect((late?.heapMib ?? 0) - (early?.heapMib ?? 0)).toBeLessThan(1);
}, 180_000);
