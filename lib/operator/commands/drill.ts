import { z } from "zod";
import { SYMBOL } from "../../contract/symbol.ts";
import { operatorCommand } from "../command.ts";
import { runDrill } from "../drill/run-drill.ts";
import { PANIC_OPTIONS, panicOptions } from "../panic/panic-options.ts";

const KINDS = ["panic", "brain"] as const;

/** The monthly test of the emergency exit. */
export const drillCommand = operatorCommand({
  path: "drill",
  summary: "the monthly chaos test of the emergency exit, on paper or testnet",
  options: [
    ["--kind <kind>", "panic: call one; brain: freeze the exit brain and let the watchdog call it (panic)"],
    ["--symbol <symbol>", "what to buy a little of when nothing is open (ETHUSDT)"],
    ["--keep-halt", "leave trading halted afterwards"],
    ["--out <file>", "write the evidence as JSON into a new file, too"],
    ...PANIC_OPTIONS,
  ],
  notes: `Refuses LIVE. Looks at everything doctor looks at, opens a small position through the router when there is
none, closes EVERY position of the account, verifies flat, halted and entries denied, writes it down
(quantum:drill:last, quantum:stream:audit), and asks whether to clear the halt (--yes: clears it).
Exit codes of its own: 0 passed · 1 nothing was done, or something did not hold · 76 not flat · 78 LIVE.`,
  input: z.object({
    kind: z.enum(KINDS, `one of ${KINDS.join(", ")}`).default("panic"),
    symbol: z.string().regex(SYMBOL, "a symbol such as ETHUSDT").default("ETHUSDT"),
    keepHalt: z.boolean().default(false),
    out: z.string().min(1).optional(),
    ...panicOptions,
  }),
  run: (context, options) => runDrill(context, { ...options, out: options.out }),
});
