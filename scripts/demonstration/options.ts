import { existsSync } from "node:fs";
import { parseArgs } from "node:util";
import { wholeOption } from "../whole-option.ts";

export interface DemoOptions {
  readonly prices: string | undefined;
  readonly seconds: number;
  readonly speed: number | undefined;
  readonly rate: number;
  readonly seed: number;
  readonly keep: boolean;
  readonly chaos: boolean;
  readonly monitor: boolean;
  /** 0 stands for whichever is free. */
  readonly prometheusPort: number;
  /** Divides every interval and hold of the alert rules. */
  readonly hurry: number;
  /** Folder with binaries to use instead of building them. */
  readonly binaries: string | undefined;
}

const USAGE = `usage: ./scripts/demo [options]

Runs the whole trading path on this machine (private Redis, paper exchange, router, execution), lets an AI
engine decide on a market, and proves at the end that everything adds up. Ends by itself.

  --prices FILE   replay a recorded market (CSV, also .gz: one-minute bars, or best bid and ask)
  --speed N       market time per real time; default: bars as fast as they fit into the run, at most 60000, quotes 1
  --seconds N     how long the engine decides; default 45
  --rate N        decisions a second; default 20
  --seed N        of the generated market and of the decisions; default 1
  --chaos         afterwards start the emergency chain, open positions, kill the exit brain and show what
                  happens until the account is flat; about 15 seconds more
  --keep          leave everything running afterwards and print the curl lines to try
  --monitor       with --keep, which it implies: the emergency chain, the telemetry exporter with its status page, and
                  a real Prometheus (package prometheus) with the shipped rules
  --prometheus-port N  default 9091; 0 takes any free one
  --hurry N       divide every interval and hold of the rules, not their expressions, by N; default 1
  --binaries DIR  use the binaries of that folder instead of building them
  --help          this text`;

/** A command line that cannot be run; its message is for the person who typed it. */
export class UsageError extends Error {
  readonly code = "USAGE";
}

function wholeNumber(name: string, text: string, max: number, min = 1): number {
  try {
    return wholeOption(name, text, { min, max });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/** Reads the command line; undefined when only the usage was asked for. Throws UsageError. */
export function readOptions(args: readonly string[]): DemoOptions | undefined {
  let values: { [name: string]: string | boolean | undefined };
  try {
    ({ values } = parseArgs({
      args: [...args],
      options: {
        prices: { type: "string" },
        seconds: { type: "string", default: "45" },
        speed: { type: "string" },
        rate: { type: "string", default: "20" },
        seed: { type: "string", default: "1" },
        keep: { type: "boolean", default: false },
        chaos: { type: "boolean", default: false },
        monitor: { type: "boolean", default: false },
        "prometheus-port": { type: "string", default: "9091" },
        hurry: { type: "string", default: "1" },
        binaries: { type: "string" },
        help: { type: "boolean", default: false },
      },
    }));
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
  }
  if (values["help"] === true) {
    process.stdout.write(`${USAGE}\n`);
    return undefined;
  }
  const prices = values["prices"]?.toString();
  if (prices !== undefined && !existsSync(prices))
    throw new UsageError(`--prices: there is no file ${prices}`);
  const speed = values["speed"]?.toString();
  return {
    prices,
    seconds: wholeNumber("seconds", String(values["seconds"]), 3600),
    speed: speed === undefined ? undefined : wholeNumber("speed", speed, 10_000_000),
    rate: wholeNumber("rate", String(values["rate"]), 500),
    seed: wholeNumber("seed", String(values["seed"]), 999_999_999),
    keep: values["keep"] === true || values["monitor"] === true,
    chaos: values["chaos"] === true,
    monitor: values["monitor"] === true,
    prometheusPort: wholeNumber("prometheus-port", String(values["prometheus-port"]), 65_535, 0),
    hurry: wholeNumber("hurry", String(values["hurry"]), 60),
    binaries: values["binaries"]?.toString(),
  };
}
