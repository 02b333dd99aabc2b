import { waitUntil } from "./wait-until.ts";

const DAY_MS = 86_400_000;
/** No test that counts by the day takes longer. */
const LEAST_LEFT_MS = 45_000;

/** Waits for midnight, UTC, when the day is about to end: what is counted by the day would begin anew within the test. */
export async function untilDayIsYoung(): Promise<void> {
  await waitUntil("the UTC day is not about to end", () => Date.now() % DAY_MS < DAY_MS - LEAST_LEFT_MS);
}
