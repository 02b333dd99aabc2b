import { describe, expect, test } from "bun:test";
import type { PanicCompletion } from "../../../../lib/contract/panic.ts";
import { watchLatePositions } from "../../../../lib/emergency/worker/late-positions.ts";
import type { Position } from "../../../../lib/exchange/exchange.ts";
import { keptLog } from "../../../support/quiet-log.ts";
import { ok, position, refusal } from "./panic-run-stage.ts";

const dust = { symbol: "XRPUSDT", position_side: "BOTH", quantity: "0.1", closed: false } as const;
const flat = (event_id: string, atMs: number): PanicCompletion => ({
  ...({ event_id, status: "flat", detail: "" } as const),
  ...{ positions_total: 1, positions_closed: 0, positions_failed: 1, failed_symbols: ["XRPUSDT"] },
  ...{ results: [{ ...dust, orders: [], error: "DUST" }], ts_started: atMs, ts_completed: atMs },
  execution_time_ms: 0,
});
const END = flat("first", 0);
const UNREAD = { ok: false, outcome: refusal("HTTP_UNKNOWN", "NONE") } as const;

/** What was said of which position of which panic within ten minutes. */
async function heard(at: {
  readonly ended: (nowMs: number) => PanicCompletion | undefined;
  readonly positions: (nowMs: number) => readonly Position[] | undefined;
}) {
  const stop = new AbortController();
  const log = keptLog();
  let nowMs = 0;
  const clock = {
    nowMs: () => nowMs,
    sleep: async (ms: number) => {
      nowMs += ms;
      if (nowMs > 600_000) stop.abort();
    },
  };
  const venue = {
    admit: () => ({ kind: "ok" }) as const,
    positions: async () => {
      const open = at.positions(nowMs);
      return open === undefined ? UNREAD : ok(open);
    },
  };
  let counted = 0;
  const positionAfterFlat = () => {
    counted += 1;
  };
  const parts = { venue, clock, log, observe: { positionAfterFlat } };
  await watchLatePositions({ ...parts, ended: () => at.ended(nowMs) }, stop.signal);
  expect(counted).toBe(log.lines.length);
  return log.lines.map(({ fields }) => fields);
}

const said = (event_id: string) => ({ event_id, position: "ETHUSDT BOTH", quantity: "1" });

describe("a position that shows after a panic was called flat", () => {
  test("is said once", async () => {
    const positions = (nowMs: number) => (nowMs >= 5000 ? [position] : []);
    expect(await heard({ ended: () => END, positions })).toMatchObject([said("first")]);
  });

  test("is said again when another panic called it flat", async () => {
    const next = flat("second", 10_000);
    const ended = (nowMs: number) => (nowMs < 10_000 ? END : next);
    expect(await heard({ ended, positions: () => [position] })).toMatchObject([
      said("first"),
      said("second"),
    ]);
  });

  test.each([
    [
      "long after it: the owner may trade by hand",
      () => END,
      (nowMs: number) => (nowMs > 30_000 ? [position] : []),
    ],
    ["with the halt cleared or a panic running", () => undefined, () => [position]],
    ["as the dust that the panic named", () => END, () => [{ ...position, symbol: "XRPUSDT" }]],
    ["in no reading", () => END, () => undefined],
  ])("is not said when it shows %s", async (_, ended, positions) => {
    expect(await heard({ ended, positions })).toEqual([]);
  });
});
