import { z } from "zod";

/** How many entries a listing shows. */
export const countOption = z
  .string()
  .regex(/^(?:[1-9]\d{0,2}|1000)$/, "1 to 1000")
  .default("20");
