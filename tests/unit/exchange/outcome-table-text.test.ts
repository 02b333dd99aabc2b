import { expect, test } from "bun:test";
import { OUTCOME_TABLE } from "../../../lib/exchange/outcome-classes.ts";
import { outcomeTableText } from "../../../lib/exchange/outcome-table-text.ts";

test("the documentation has one line a row, in order, with what it matches", () => {
  const lines = outcomeTableText().trim().split("\n");
  expect(lines.slice(2).map((line) => line.split(" | ")[0]?.slice(2))).toEqual(
    OUTCOME_TABLE.map((row) => row.id),
  );
  expect(lines.find((line) => line.includes("SERVICE_UNAVAILABLE"))).toBe(
    '| SERVICE_UNAVAILABLE | RETRY | rejected | yes | NONE | HTTP 503 "Service Unavailable." | the venue did not take the request |',
  );
  expect(lines.find((line) => line.includes("MALFORMED_REQUEST"))).toContain("-1100 … -1199");
});
