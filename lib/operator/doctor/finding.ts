/** One thing that was looked at. */
export interface Finding {
  readonly check: string;
  readonly verdict: "ok" | "warning" | "fault";
  readonly what: string;
  /** What to do about it; empty when fine. */
  readonly hint: string;
}

export const ok = (check: string, what: string): Finding => ({ check, verdict: "ok", what, hint: "" });

/** Works, and should be otherwise. */
export const warning = (check: string, what: string, hint: string): Finding => ({
  ...{ check, verdict: "warning", what, hint },
});

/** Does not work, or must not stay so. */
export const fault = (check: string, what: string, hint: string): Finding => ({
  ...{ check, verdict: "fault", what, hint },
});
