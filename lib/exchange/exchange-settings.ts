import { z } from "zod";

const whole = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, `a whole number from ${min} to ${max}`)
    .transform(Number)
    .refine((value) => value >= min && value <= max, `a whole number from ${min} to ${max}`);

/** How the venue is asked; where and as whom is said by the common settings. */
export const EXCHANGE_SETTINGS = {
  RECV_WINDOW_MS: whole(100, 60_000)
    .default(2000)
    .describe("How late an order may reach the venue, ms: it bounds how long an order can be in doubt."),
  REQUEST_TIMEOUT_MS: whole(100, 60_000)
    .default(3000)
    .describe("Deadline of one request to the venue, ms; an order without an answer by then is in doubt."),
  EXIT_RESERVE_PCT: whole(0, 90)
    .default(20)
    .describe("Share of the venue's request limits that entries leave to exits, %."),
};
