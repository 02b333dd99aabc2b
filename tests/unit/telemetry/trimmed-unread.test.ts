import { expect, test } from "bun:test";
import { type TrimmedUnread, trimmedUnread } from "../../../lib/telemetry/trimmed-unread.ts";

type Position = Parameters<typeof trimmedUnread>[0];
const at = (position: Partial<Position>): Position => ({
  ...{ lag: 0, lastDeliveredId: "5-0", length: 10, firstId: "1-0", lastGeneratedId: "10-0" },
  ...position,
});
const end = (lag: number) => at({ lag, lastDeliveredId: "10-0" });
const gap = (lag: number) => at({ lag, firstId: "6-0" });

/** What is shown at each of the positions in turn; after `restarted` Redis may have restarted. */
function shown(positions: readonly (Position | "restarted")[]): readonly (number | undefined)[] {
  let before: TrimmedUnread | undefined;
  let kept = false;
  return positions.flatMap((position) => {
    if (position === "restarted") {
      kept = false;
      return [];
    }
    before = trimmedUnread(position, before, kept);
    kept = true;
    return [before.lost];
  });
}

test.each([
  { title: "nothing lost", positions: [at({ lag: 5 }), end(0)], lost: [0, 0] },
  {
    title: "a loss is seen at its gap and stands",
    positions: [end(0), gap(14), at({ lag: 7 }), end(4)],
    lost: [0, 4, 4, 4],
  },
  {
    title: "a loss that was read over between two samples is seen",
    positions: [end(0), end(4)],
    lost: [0, 4],
  },
  {
    title: "what a restart makes the lag count is none",
    positions: [end(0), "restarted", end(4000), end(4000)],
    lost: [0, 0, 0],
  },
  { title: "nor within", positions: [end(0), "restarted", at({ lag: 4000 }), end(4000)], lost: [0, 0, 0] },
  { title: "nor what the lag counts when we start", positions: [end(4000), end(4000)], lost: [0, 0] },
  { title: "a loss on top of a miscount is seen", positions: [end(4000), end(4003)], lost: [0, 3] },
  {
    title: "a loss from before a restart stands",
    positions: [end(0), end(4), "restarted", end(44), end(44)],
    lost: [0, 4, 4, 4],
  },
  { title: "a gap is a loss also at the first look", positions: [gap(14), end(4)], lost: [4, 4] },
  {
    title: "a counter that was set right ends it",
    positions: [end(0), end(4), end(0), end(2)],
    lost: [0, 4, 0, 2],
  },
  {
    title: "a miscount that was set right hides nothing later",
    positions: [end(40), end(0), end(2)],
    lost: [0, 0, 2],
  },
  { title: "an unknown lag", positions: [end(0), at({ lag: undefined })], lost: [0, undefined] },
  { title: "within, never more than the lag", positions: [end(0), end(4), at({ lag: 2 })], lost: [0, 4, 2] },
] as const)("$title", ({ positions, lost }) => {
  expect(shown(positions)).toEqual([...lost]);
});
