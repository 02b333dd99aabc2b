import fc from "fast-check";
import { keysOf } from "../../lib/contract/keys.ts";
import { CallExpiredError, UnexpectedReplyError } from "../../lib/kernel/function-call.ts";
import {
  OrderFencedError,
  readLedgerOrder,
  receiveOrder,
  type Submission,
  submitOrder,
} from "../../lib/kernel/order-ledger.ts";
import { isOrderState } from "../../lib/kernel/order-states.ts";
import { trimStream } from "../../lib/kernel/trim-stream.ts";
import { fuzz, must } from "./fuzz.ts";
import { hostileText } from "./hostile.ts";

const WORDS = [
  "NEW",
  "SETTLED",
  "DUPLICATE",
  "RESUMED",
  "SUBMITTING",
  "HELD",
  "DENIED",
  "AGED",
  "EXPIRED",
  "FENCED",
  "OK",
];
const LEDGER = [
  "state",
  "SUBMITTING",
  "owner",
  "o",
  "attempt",
  "1",
  "client_order_id",
  "q",
  "signed_at",
  "1",
];
const text = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...WORDS, ...LEDGER, "COOLDOWN", "KILL_SWITCH") },
  hostileText,
);
const reply = fc.oneof(
  { weight: 4, arbitrary: fc.array<unknown>(text, { maxLength: 12 }) },
  { weight: 2, arbitrary: fc.constantFrom(...WORDS).map((word): unknown => [word, ...LEDGER]) },
  {
    weight: 1,
    arbitrary: fc.oneof<fc.Arbitrary<unknown>[]>(text, fc.integer(), fc.constant(null), fc.constant([])),
  },
);
const keys = keysOf("");
const owner = "local:boot";

fuzz("a function's reply is understood, or refused as unexpected: nothing is sent on a guess", {
  input: reply,
  check: async (answer) => {
    const caller = { command: async () => answer, serverNowMs: () => 1_772_359_200_000, deadlineMs: 1000 };
    let asks = 0;
    const once = { ...caller, command: async () => (asks++ === 0 ? answer : ["OK", "0"]) };
    const source = { stream: "s", group: "g", entryId: "1-1" };
    const submission: Submission = {
      ...{
        intentId: "i",
        owner,
        kind: "entry",
        attempt: 1,
        clientOrderId: "q",
        symbol: "BTCUSDT",
        signedAtMs: 1,
      },
      ...{ recvWindowMs: 2000, side: "BUY", quantity: "1", decidedAtMs: 1, ageMaxMs: 1, holdMinMs: 0 },
      ...{ tradesMax: 3, gates: "enforce" },
    };
    const first: unknown = Array.isArray(answer) ? answer[0] : undefined;
    const asked = [
      async () => {
        const { kind } = await submitOrder(caller, keys, submission);
        must(kind !== "submitting" || first === "SUBMITTING", "sent on a guess", answer);
      },
      async () => {
        const received = await receiveOrder(caller, keys, { intentId: "i", owner, source });
        if (received.kind === "resumed") must(isOrderState(received.order.state), "state", received);
      },
      async () => {
        const order = await readLedgerOrder(caller, keys, "i");
        must(order === undefined || isOrderState(order.state), "state", order);
      },
      () => trimStream(once, { stream: "s", groups: [], optionalGroups: [], entriesKept: 1 }),
    ];
    for (const ask of asked) {
      try {
        await ask();
      } catch (error) {
        const known = [UnexpectedReplyError, CallExpiredError, OrderFencedError].some(
          (one) => error instanceof one,
        );
        must(known, "a refusal by name", error);
      }
    }
  },
});
