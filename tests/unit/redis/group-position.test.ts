import { expect, test } from "bun:test";
import { absentEntries, placeOf, unreadEntries } from "../../../lib/redis/group-position.ts";

const at = (position: Partial<Parameters<typeof placeOf>[0]>) => ({
  ...{ lag: 5, lastDeliveredId: "5-0", length: 10, firstId: "1-0", lastGeneratedId: "10-0" },
  ...position,
});

test.each([
  {
    title: "within, the lag is believed as a bound",
    position: at({}),
    is: { place: "within", unread: 5, absent: undefined },
  },
  {
    title: "within, never more than there is",
    position: at({ lag: 14 }),
    is: { place: "within", unread: 10, absent: undefined },
  },
  {
    title: "within, unknown",
    position: at({ lag: undefined }),
    is: { place: "within", unread: undefined, absent: undefined },
  },
  {
    title: "within, told by hand that more was read than there ever was",
    position: at({ lag: -990 }),
    is: { place: "within", unread: undefined, absent: undefined },
  },
  {
    title: "at the end, told the same",
    position: at({ lag: -990, lastDeliveredId: "10-0" }),
    is: { place: "end", unread: 0, absent: undefined },
  },
  {
    title: "at the end nothing is unread, whatever the lag counts",
    position: at({ lag: 4000, lastDeliveredId: "10-0" }),
    is: { place: "end", unread: 0, absent: 4000 },
  },
  {
    title: "at the end, lag unknown",
    position: at({ lag: undefined, lastDeliveredId: "10-0" }),
    is: { place: "end", unread: 0, absent: undefined },
  },
  {
    title: "at a gap all is unread, and the rest is absent",
    position: at({ lag: 14, firstId: "6-0" }),
    is: { place: "gap", unread: 10, absent: 4 },
  },
  {
    title: "emptied before it was read",
    position: at({ lag: 5, length: 0, firstId: undefined }),
    is: { place: "gap", unread: 0, absent: 5 },
  },
  {
    title: "ids beyond 2^53 are told apart",
    position: at({ lag: 9, lastDeliveredId: "5-9007199254740993", firstId: "5-9007199254740994", length: 8 }),
    is: { place: "gap", unread: 8, absent: 1 },
  },
])("$title", ({ position, is }) => {
  expect({
    place: placeOf(position),
    unread: unreadEntries(position),
    absent: absentEntries(position),
  }).toEqual({ ...is });
});
