import { expect, test } from "bun:test";
import { createDeadlineQueue } from "../../../lib/redis/deadline-queue.ts";

function overrunOf(setUp: (queue: ReturnType<typeof createDeadlineQueue>) => void): Promise<number> {
  return new Promise((resolve) => setUp(createDeadlineQueue(resolve)));
}

test("the shortest deadline is the first to pass, whatever the order", async () => {
  const started = performance.now();
  const deadlineMs = await overrunOf((queue) => {
    queue.start(400);
    queue.start(20);
    queue.start(60);
  });
  expect(deadlineMs).toBe(20);
  expect(performance.now() - started).toBeLessThan(300);
});

test("a settled command does not hide the one behind it", async () => {
  const started = performance.now();
  await overrunOf((queue) => {
    const first = queue.start(30);
    queue.start(30);
    queue.settle(first);
  });
  expect(performance.now() - started).toBeLessThan(300);
});

test("nothing is due when all are settled, or after a stop", async () => {
  let overruns = 0;
  const settled = createDeadlineQueue(() => {
    overruns += 1;
  });
  for (const ticket of Array.from({ length: 3000 }, () => settled.start(5))) settled.settle(ticket);
  const stopped = createDeadlineQueue(() => {
    overruns += 1;
  });
  stopped.start(5);
  stopped.stop();
  // A later deadline of another queue passes: the earlier ones would have passed before it.
  await overrunOf((queue) => queue.start(40));
  expect(overruns).toBe(0);
});

test("settling out of order keeps the queue short", () => {
  const queue = createDeadlineQueue(() => undefined);
  const tickets = Array.from({ length: 5000 }, () => queue.start(60_000));
  for (const ticket of tickets.reverse()) queue.settle(ticket);
  expect(tickets[0]?.line.tickets).toHaveLength(0);
  queue.stop();
});
