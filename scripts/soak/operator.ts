import { fetchJson } from "../stack/fetch-json.ts";
import type { SoakStack } from "./soak-stack.ts";

/** Who looks at panics and lets trading go on, as a person would. */
export interface Operator {
  readonly cleared: () => number;
  stop(): Promise<void>;
}

const LOOK_EVERY_MS = 1000;

/** Clears every halt once its positions are flat; the worker refuses before. */
export function startOperator({ eye, keys, role, token }: SoakStack): Operator {
  let going = true;
  let cleared = 0;
  const look = async () => {
    if ((await eye.command("HGET", keys.tradingState, "halted")) !== "true") return;
    await fetchJson(`${role("emergency-exit-worker").url}/v1/halt`, {
      method: "DELETE",
      headers: {
        authorization: `Bearer ${token}`,
        "content-type": "application/json",
        "x-operator": "soak",
      },
      body: JSON.stringify({ why: "the soak goes on" }),
    });
    cleared += 1;
  };
  const run = (async () => {
    while (going) {
      // Refused while positions are open, or nobody there at the moment: looked at again.
      await look().catch(() => undefined);
      await Bun.sleep(LOOK_EVERY_MS);
    }
  })();
  return {
    cleared: () => cleared,
    stop: async () => {
      going = false;
      await run;
    },
  };
}
