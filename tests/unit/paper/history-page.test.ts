import { expect, test } from "bun:test";
import { pageOf } from "../../../lib/paper/http/history-page.ts";

const rows = Array.from({ length: 2000 }, (_, index) => ({ id: index + 1, timeMs: 1000 + index * 10 }));
const page = (params: Record<string, string>) => {
  const answer = pageOf(new Map(Object.entries(params)), {
    rows,
    idName: "fromId",
    idOf: (row) => row.id,
    timeOf: (row) => row.timeMs,
    limit: 500,
  });
  return "rejected" in answer ? answer.code : [answer.at(0)?.id, answer.at(-1)?.id, answer.length];
};

test.each([
  ["the newest 500 by default", {}, [1501, 2000, 500]],
  ["as many as asked", { limit: "3" }, [1998, 2000, 3]],
  ["at most 1000", { limit: "5000" }, [1001, 2000, 1000]],
  ["from an id onwards", { fromId: "1990", limit: "3" }, [1990, 1992, 3]],
  ["from a time onwards", { startTime: "1100", limit: "2" }, [11, 12, 2]],
  ["to a time", { endTime: "1100", limit: "2" }, [10, 11, 2]],
  ["between times", { startTime: "1100", endTime: "1120" }, [11, 13, 3]],
  ["nothing after the end", { startTime: "99999" }, [undefined, undefined, 0]],
  ["not an id and a time", { fromId: "1", startTime: "1" }, -1128],
  ["not a malformed number", { limit: "ten" }, -1102],
])("a page has %s", (_, params, expected) => {
  expect(page(params)).toEqual(expected);
});
