import type { Exchange } from "../../exchange/exchange.ts";
import type { CommandContext } from "../command-context.ts";
import { readText } from "../read-safety.ts";
import { type Finding, fault, ok, warning } from "./finding.ts";

/** How far our clock may be from the venue's before requests are refused (recvWindow), ms. */
const CLOCK_APART_MAX_MS = 1000;

/** What it asks. */
interface Asked extends Pick<CommandContext, "keys"> {
  readonly exchange: () => Pick<Exchange, "connect" | "probe" | "serverNowMs">;
  readonly clock: Pick<CommandContext["clock"], "nowMs">;
  readonly redis: Pick<CommandContext["redis"], "command" | "state">;
}

/** Address, credentials, account and clock, against the venue itself. */
export async function venueChecks(context: Asked): Promise<readonly Finding[]> {
  const exchange = context.exchange();
  const connected = await exchange.connect();
  if (!connected.ok) {
    const hint = "check the address, the network and the credentials";
    return [fault("venue", connected.outcome.message, hint)];
  }
  const probe = await exchange.probe();
  const apartMs = Math.round(Math.abs(exchange.serverNowMs() - context.clock.nowMs()));
  const there = context.redis.state.kind === "ready";
  const recorded = there ? await readText(context, context.keys.modeAccount) : undefined;
  const same = recorded === undefined || recorded === connected.value.fingerprint;
  return [
    probe.ok
      ? ok("credentials", "accepted")
      : fault("credentials", probe.outcome.message, "renew the key, its permissions or its address list"),
    same
      ? ok("account", recorded === undefined ? "none recorded yet" : "the recorded one")
      : fault("account", "not the one recorded", "wrong credentials for this Redis"),
    apartMs <= CLOCK_APART_MAX_MS
      ? ok("clock", `${apartMs} ms from the venue's`)
      : warning("clock", `${apartMs} ms from the venue's`, "run chrony or systemd-timesyncd"),
  ];
}
