import { expect, test } from "bun:test";
import { watchDelay } from "../../../scripts/bench/drive/stream-delay.ts";

const NOW = ["100", "500000"];

/** A Redis that answers for one group: handed out and unread entries as given; its clock stands at 100 500 ms. */
function eyeAt(state: { readonly oldestPending?: string; readonly lag: number; readonly next?: string }) {
  const pending =
    state.oldestPending === undefined ? [0, null, null, null] : [1, state.oldestPending, "x", []];
  const group = ["name", "readers", "last-delivered-id", "90000-0", "lag", state.lag];
  const replies: Readonly<Record<string, unknown>> = {
    EXEC: [NOW, [["name", "others"], group], pending],
    XRANGE: state.next === undefined ? [] : [[state.next, []]],
  };
  return { command: (name: string) => Promise.resolve(replies[name] ?? "QUEUED"), close: () => {} };
}

test.each([
  ["nothing is unread and nothing pending: not behind", { lag: 0 }, 0],
  ["the oldest handed out counts", { lag: 0, oldestPending: "99500-3" }, 1000],
  ["unread ones count from the first behind the group", { lag: 7, next: "100200-0" }, 300],
  [
    "what is handed out is older than what is unread",
    { lag: 7, next: "100200-0", oldestPending: "98500-0" },
    2000,
  ],
  ["an id ahead of the server's clock is not less than nothing", { lag: 1, next: "100900-0" }, 0],
])("%s", async (_, state, behindMs) => {
  const watch = watchDelay(eyeAt(state), "decisions", "readers");
  const seen = await watch.stop();
  expect(seen.length).toBeGreaterThan(0);
  expect(seen.every(([, ms]) => ms === behindMs)).toBe(true);
});
