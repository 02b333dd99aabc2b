import { expect, test } from "bun:test";
import { trimmedUnread } from "../../../lib/recovery/read-groups.ts";

test("a group that had read everything has lost nothing, whatever came between the two looks", async () => {
  const redis = {
    // XRANGE with COUNT 0 answers nil, not an empty list.
    command: () => Promise.reject(new Error("there is nothing to ask")),
    serverNowMs: () => 0,
    deadlineMs: 500,
  };
  const between = { lastDeliveredId: "5-0", lastGeneratedId: "7-0", firstId: "1-0", length: 7 };
  expect(await trimmedUnread(redis, "stream", { ...between, lag: 0 })).toBe(0);
});
