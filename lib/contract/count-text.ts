import { z } from "zod";

/** A whole number as stream fields carry it. More than 15 digits do not fit a number, and are none of ours. */
export const countTextSchema = z
  .string()
  .regex(/^\d{1,15}$/)
  .transform(Number);
