import { expect, test } from "bun:test";
import { Background } from "../../../lib/exits/background.ts";

test("what was started is waited for at the end, also what it starts itself", async () => {
  const background = new Background();
  const done: string[] = [];
  background.start(async () => {
    await Promise.resolve();
    done.push("first");
    background.start(async () => {
      await Promise.resolve();
      done.push("second");
    });
  });
  await background.settled();
  expect(done).toEqual(["first", "second"]);
});

test("a task that throws is not swallowed", async () => {
  const background = new Background();
  background.start(() => Promise.reject(new Error("broken invariant")));
  await background.settled();
  expect(() => background.check()).toThrow("broken invariant");
});
