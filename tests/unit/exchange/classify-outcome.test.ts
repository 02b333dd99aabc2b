import { expect, test } from "bun:test";
import { type Answer, classifyOutcome, isAccepted } from "../../../lib/exchange/classify-outcome.ts";
import { OUTCOME_TABLE, type OutcomeRowId, TRANSPORT_FAULTS } from "../../../lib/exchange/outcome-classes.ts";

const reply = (status: number, body: string, retryAfter: string | null = null): Answer => ({
  kind: "reply",
  status,
  body,
  retryAfter,
});
const venueError = (code: number, msg = "said the venue", status = 400) =>
  reply(status, JSON.stringify({ code, msg }));
const order = (answer: Answer) => classifyOutcome({ method: "POST", answer, nowMs: 1_700_000_000_000 });
const UNKNOWN_TEXT = "Unknown error, please check your request or try again later.";

const EXPECTED: readonly [OutcomeRowId, string, string, readonly Answer[]][] = [
  ["HTTP_LIMITED", "LIMITED", "rejected", [reply(429, ""), venueError(-1003, "x", 418)]],
  ["HTTP_UNKNOWN", "UNKNOWN", "ambiguous", [408, 500, 502, 504].map((status) => reply(status, "<html>"))],
  ["INTERNAL", "UNKNOWN", "ambiguous", [venueError(-1000), venueError(-1001)]],
  ["NO_RESPONSE_INSIDE", "UNKNOWN", "ambiguous", [venueError(-1006), venueError(-1007)]],
  ["TOO_MANY", "LIMITED", "rejected", [venueError(-1003), venueError(-1015)]],
  ["OVERLOADED", "RETRY", "rejected", [venueError(-1008, "throttled", 503)]],
  ["SHUTTING_DOWN", "RETRY", "rejected", [venueError(-1016, "shutting down", 503)]],
  ["CLOCK", "RETRY", "rejected", [venueError(-1021), venueError(-5028)]],
  ["CREDENTIALS", "FINAL", "rejected", [-1022, -2014, -2015].map((code) => venueError(code, "no", 401))],
  ["DUPLICATE_CLIENT_ID", "ALREADY", "ambiguous", [venueError(-4116)]],
  ["STOP_EXISTS", "ALREADY", "rejected", [venueError(-4130)]],
  ["NO_SUCH_ORDER", "ALREADY", "rejected", [venueError(-2011), venueError(-2013)]],
  ["NOTHING_TO_REDUCE", "ALREADY", "rejected", [venueError(-2022)]],
  ["NO_CHANGE_NEEDED", "ALREADY", "rejected", [venueError(-4046), venueError(-4059)]],
  ["RESTING_HOLDS_SIZE", "FINAL", "rejected", [venueError(-4118)]],
  [
    "MALFORMED_REQUEST",
    "FINAL",
    "rejected",
    [-1100, -1102, -1111, -1121, -1199].map((code) => venueError(code)),
  ],
  [
    "REFUSED_BY_ACCOUNT",
    "FINAL",
    "rejected",
    [-2018, -2019, -2021, -2023, -2024, -2025, -2027].map((code) => venueError(code)),
  ],
  [
    "REFUSED_BY_FILTER",
    "FINAL",
    "rejected",
    [-4003, -4004, -4005, -4014, -4015, -4023, -4164].map((code) => venueError(code)),
  ],
  ["OTHER_POSITION_MODE", "FINAL", "rejected", [venueError(-4061)]],
  [
    "REFUSED_BY_RULE",
    "FINAL",
    "rejected",
    [-4087, -4088, -4089, -4108, -4120, -4131, -4140, -4141, -4192, -4400, -4401].map((code) =>
      venueError(code),
    ),
  ],
  [
    "SERVICE_UNAVAILABLE",
    "RETRY",
    "rejected",
    [reply(503, "Service Unavailable."), reply(503, '{"code":-1,"msg":"Service Unavailable."}')],
  ],
  ["SERVICE_UNKNOWN", "UNKNOWN", "ambiguous", [reply(503, JSON.stringify({ code: 0, msg: UNKNOWN_TEXT }))]],
  [
    "UNRECOGNISED",
    "UNKNOWN",
    "ambiguous",
    [
      reply(200, "<html>not JSON</html>"),
      reply(503, "<h1>503 Service Unavailable</h1>"),
      reply(503, "Service Unavailable. Please call us."),
      reply(403, "forbidden by the firewall"),
      reply(307, ""),
      venueError(-9999),
      venueError(-1200),
      reply(400, ""),
      reply(400, '{"code":"-2019","msg":"a code that is no number"}'),
    ],
  ],
];

const CASES = EXPECTED.flatMap(([row, outcomeClass, phase, answers]) =>
  answers.map((answer) => ({ row, outcomeClass, phase, answer, said: JSON.stringify(answer) })),
);

test.each(CASES)("$row is $outcomeClass and $phase: $said", ({ row, outcomeClass, phase, answer }) => {
  expect({ ...order(answer) }).toMatchObject({ row, class: outcomeClass, phase });
});

test.each([
  ["TIMEOUT", "NO_REPLY", "ambiguous"],
  ["RESET", "NO_REPLY", "ambiguous"],
  ["DNS", "NO_REPLY", "ambiguous"],
  ["REFUSED", "CONNECTION_REFUSED", "rejected"],
  ["WITHHELD", "WITHHELD", "rejected"],
] as const)("a request that ended %s is %s: %s", (fault, row, phase) => {
  const outcome = order({ kind: "fault", fault, message: "m" });
  expect(outcome).toMatchObject({ row, phase, httpStatus: null, code: null });
});

test("every row of the table is reached by a case here", () => {
  const reached = new Set<string>([
    ...EXPECTED.map(([row]) => row),
    "NO_REPLY",
    "CONNECTION_REFUSED",
    "WITHHELD",
  ]);
  expect(OUTCOME_TABLE.map((row) => row.id).filter((id) => !reached.has(id))).toEqual([]);
  expect(TRANSPORT_FAULTS).toHaveLength(5);
});

test("a code in the body of a 502 does not turn an order in doubt into a rejected one", () => {
  expect(order(venueError(-2019, "Margin is insufficient.", 502))).toMatchObject({ class: "UNKNOWN" });
});

test("what is in doubt may be asked again when it places no order", () => {
  const answer = reply(502, "");
  const retryable = (["GET", "PUT", "DELETE", "POST"] as const).map(
    (method) => classifyOutcome({ method, answer, nowMs: 0 }).retryable,
  );
  expect(retryable).toEqual([true, true, true, false]);
});

test.each([
  ["a header in seconds", reply(429, "", "7"), 7000],
  ["a header with blanks and a fraction", reply(418, "", " 1.5 "), 1500],
  ["a header that says at once", reply(429, "", "0"), 1],
  ["a ban until an instant", venueError(-1003, "IP banned until 1700000030000.", 418), 30_000],
  ["the later of both", reply(418, '{"code":-1003,"msg":"banned until 1700000030000"}', "60"), 60_000],
  ["a 429 without a word", reply(429, ""), 60_000],
  ["a ban without a word", reply(418, ""), 120_000],
  ["too many orders", venueError(-1015), 10_000],
  ["a header that is a date", reply(429, "", "Wed, 21 Oct 2026 07:28:00 GMT"), 60_000],
] as const)("the wait after %s", (_what, answer, waitMs) => {
  expect(order(answer).retryAfterMs).toBe(waitMs);
});

test("only a limit has a wait", () => {
  expect(order(venueError(-2019)).retryAfterMs).toBeNull();
});

test("code and message of the venue are kept, the message on one short line", () => {
  const outcome = order(venueError(-2019, `Margin is\ninsufficient. ${"x".repeat(500)}`));
  expect(outcome.code).toBe(-2019);
  expect(outcome.message).toStartWith("Margin is insufficient. xxx");
  expect(outcome.message).toHaveLength(200);
});

test.each([
  [200, '{"orderId":1}', true],
  [200, "[]", true],
  [200, '{"code":200,"msg":"success"}', true],
  [200, '{"code":-2019,"msg":"an error with a friendly status"}', false],
  [307, "{}", false],
  [400, "{}", false],
] as const)("status %p with %s is accepted: %p", (status, body, accepted) => {
  expect(isAccepted(status, JSON.parse(body))).toBe(accepted);
});
