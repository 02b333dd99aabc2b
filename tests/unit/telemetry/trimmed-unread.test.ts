import { expect, test } from "bun:test";
import { trimmedUnread } from "../../../lib/telemetry/trimmed-unread.ts";

const at = (position: Partial<Parameters<typeof trimmedUnread>[0]>) => ({
  ...{ lag: 0, lastDeliveredId: "5-0", length: 10, firstId: "1-0", lastGeneratedId: "10-0" },
  ...position,
});

test.each([
  { title: "nothing lost", position: at({ lag: 5 }), before: 0, lost: 0 },
  { title: "the lag is unknown", position: at({ lag: undefined }), before: 3, lost: undefined },
  {
    title: "before the first entry: all but what is there",
    position: at({ lag: 14, firstId: "6-0" }),
    before: 0,
    lost: 4,
  },
  {
    title: "at the end: what the lag still counts",
    position: at({ lag: 4, lastDeliveredId: "10-0" }),
    before: 0,
    lost: 4,
  },
  { title: "in between: what was known stands", position: at({ lag: 7 }), before: 4, lost: 4 },
  { title: "in between, never more than the lag", position: at({ lag: 2 }), before: 4, lost: 2 },
  { title: "an emptied stream", position: at({ lag: 6, length: 0, firstId: undefined }), before: 0, lost: 6 },
  {
    title: "ids beyond 2^53 are told apart",
    position: at({ lag: 9, lastDeliveredId: "5-9007199254740993", firstId: "5-9007199254740994", length: 8 }),
    before: 0,
    lost: 1,
  },
])("$title", ({ position, before, lost }) => {
  expect(trimmedUnread(position, before)).toBe(lost);
});
