import { describe, expect, test } from "bun:test";
import { buildCompletion } from "../../../../lib/emergency/worker/build-completion.ts";
import { DustWatch } from "../../../../lib/emergency/worker/dust-watch.ts";
import type { PanicVenue } from "../../../../lib/emergency/worker/worker-parts.ts";
import type { Position } from "../../../../lib/exchange/exchange.ts";
import type { Outcome } from "../../../../lib/exchange/outcome-classes.ts";
import { keptLog } from "../../../support/quiet-log.ts";
import { ETH_RULES } from "../../../support/symbol-rules.ts";
import { ok, position, refusal, stage } from "./panic-run-stage.ts";

const refuse = (row: Outcome["row"]): Awaited<ReturnType<PanicVenue["submitOrder"]>> => ({
  ...{ phase: "rejected", retryable: false },
  outcome: refusal(row, "NONE", -4004),
});

/** A venue with this position, which stops the run where it would go on for ever. */
function dusty(
  quantity: string,
  change: Partial<PanicVenue> = {},
  positionSide: Position["positionSide"] = "BOTH",
) {
  const sent: string[] = [];
  const cancelled: string[] = [];
  const open = [{ ...position, quantity, positionSide }];
  let reads = 0;
  const stop = { symbol: "ETHUSDT", clientAlgoId: "of-dust", closePosition: true } as const;
  const rest = {
    algoId: "1",
    status: "NEW",
    orderType: "STOP_MARKET",
    side: "SELL",
    triggerPrice: "1",
  } as const;
  const stops = [stop, { ...stop, symbol: "BTCUSDT", clientAlgoId: "of-none" }].map((one) => ({
    ...{ ...rest, ...one, positionSide, quantity: null, reduceOnly: false },
  }));
  const at = stage({
    rules: () => ETH_RULES,
    positions: async () => {
      reads += 1;
      if (reads === 60) at.stop.abort();
      return ok(open);
    },
    openAlgoOrders: async () => ok(stops),
    cancelAlgo: async (id) => {
      cancelled.push(id);
      return ok(null);
    },
    submitOrder: async (order, signing) => {
      sent.push(order.quantity);
      if (!order.reduceOnly) throw new Error("not reduce-only");
      return (await change.submitOrder?.(order, signing)) ?? refuse("REFUSED_BY_FILTER");
    },
    ...(change.rules === undefined ? {} : { rules: change.rules }),
    ...(change.refreshRules === undefined ? {} : { refreshRules: change.refreshRules }),
  });
  return { ...at, sent, cancelled, closed: () => open.splice(0) };
}

describe("a position under the venue's smallest order", () => {
  test("is tried at its size and as the smallest order, then called dust: the panic ends, and says so", async () => {
    const at = dusty("0.0004");
    expect(await at.run.untilEnd()).toBe("flat");
    expect(at.sent.slice(0, 4)).toEqual(["0.0004", "0.001", "0.0004", "0.001"]);
    expect(at.now() - at.startedMs).toBeLessThan(10_000);
    expect(at.log.lines.filter(({ message }) => message === "PANIC_DUST")).toHaveLength(1);
    expect(at.cancelled).toEqual(["of-none"]);
    const completion = buildCompletion(at.panic, at.run.view(), { status: "flat", nowMs: at.now() });
    expect(completion).toMatchObject({
      ...{ positions_total: 1, positions_closed: 0, positions_failed: 1, failed_symbols: ["ETHUSDT"] },
      results: [{ symbol: "ETHUSDT", closed: false }],
    });
    expect([completion.detail, completion.results[0]?.error]).toEqual(
      Array(2).fill(expect.stringMatching(/^DUST: /)),
    );
  });

  test("is never enlarged in hedge mode, where the venue does not cut an order to what is open", async () => {
    const at = dusty("0.0004", {}, "LONG");
    expect(await at.run.untilEnd()).toBe("flat");
    expect(new Set(at.sent)).toEqual(new Set(["0.0004"]));
  });

  test.each(["0.0004", "0.001"])("is closed where the venue takes an order of %s", async (taken) => {
    const submitOrder: PanicVenue["submitOrder"] = async (order) => {
      if (order.quantity !== taken) return refuse("REFUSED_BY_FILTER");
      at.closed();
      return { phase: "ambiguous", retryable: false, outcome: refusal("NO_REPLY", "NONE") };
    };
    const at = dusty("0.0004", { submitOrder });
    expect(await at.run.untilEnd()).toBe("flat");
    expect(at.run.view().dust.size).toBe(0);
  });

  test("is closed by the rules that the venue has since", async () => {
    let least = "0.001";
    const current = () => ({
      ...ETH_RULES,
      lot: { ...ETH_RULES.lot, min: least, step: least },
      marketLot: { ...ETH_RULES.marketLot, min: least, step: least },
    });
    const refreshRules: PanicVenue["refreshRules"] = async () => {
      if (at.sent.length === 4) least = "0.0001";
      return ok(1);
    };
    const at = dusty("0.0004", { rules: current, refreshRules });
    expect(await at.run.untilEnd()).toBe("stopped");
    expect(at.run.view().dust.size).toBe(0);
  });

  test.each<[string, string, Outcome["row"], Partial<PanicVenue>]>([
    ["is not under the smallest order", "0.5", "REFUSED_BY_FILTER", {}],
    ["is just the smallest order", "0.001", "REFUSED_BY_FILTER", {}],
    ["is refused for something else", "0.0004", "REFUSED_BY_RULE", {}],
    ["has no known rules", "0.0004", "REFUSED_BY_FILTER", { rules: () => undefined }],
    [
      "has rules that cannot be read anew",
      "0.0004",
      "REFUSED_BY_FILTER",
      { refreshRules: async () => ({ ok: false, outcome: refusal("NO_REPLY", "NONE") }) },
    ],
  ])("is not called dust when it %s", async (_name, quantity, row, change) => {
    const at = dusty(quantity, { ...change, submitOrder: async () => refuse(row) });
    expect(await at.run.untilEnd()).toBe("stopped");
    expect(at.run.view().openLegs?.size).toBe(1);
    expect(at.run.view().dust.size).toBe(0);
  });
});

test("refusals of another size do not make a position dust", () => {
  const dust = new DustWatch(() => ETH_RULES, keptLog());
  const leg = (quantity: string) => ({ symbol: "ETHUSDT", positionSide: "BOTH" as const, quantity });
  for (let n = 0; n < 5; n += 1) dust.note([leg("0.0004")], [leg("0.0004")], true);
  dust.note([leg("0.0005")], [leg("0.0005")], true);
  expect(dust.isDust(leg("0.0005"))).toBe(false);
  for (let n = 0; n < 5; n += 1) dust.note([leg("0.0005")], [leg("0.0005")], true);
  expect(dust.isDust(leg("0.0005"))).toBe(true);
});
