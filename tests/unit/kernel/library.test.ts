import { expect, test } from "bun:test";
import { FAULT_REASONS } from "../../../lib/contract/fault-event.ts";
import {
  ADMISSION_REASONS,
  DENY_REASONS,
  HOLD_REASONS,
  INVALID_DETAILS,
} from "../../../lib/contract/reasons.ts";
import {
  ensureLibrary,
  LIBRARY_NAME,
  LibraryMismatchError,
  librarySource,
} from "../../../lib/kernel/library.ts";
import { ORDER_MOVES } from "../../../lib/kernel/order-states.ts";
import { startKernelServer } from "../../support/kernel-server.ts";

/** Capitals in Lua that are words of a reply's form, of the language or of Redis, and no reasons. */
const FORM = new Set([
  ...[
    "OK",
    "EXPIRED",
    "NEW",
    "RESUMED",
    "SETTLED",
    "DUPLICATE",
    "FENCED",
    "ILLEGAL",
    "ABSENT",
    "DIFFERS",
    "AGED",
    "KEPT",
  ],
  ...[
    "ADMITTED",
    "EXIT",
    "SKIPPED",
    "DEAD",
    "RATE_FAULT",
    "UNDECIDED",
    "HELD",
    "DENIED",
    "SUBMITTING",
    "UNKNOWN",
    "RECEIVED",
  ],
  ...[
    "EX",
    "PX",
    "PXAT",
    "NX",
    "COUNT",
    "MINID",
    "MAXLEN",
    "GROUPS",
    "CONSUMERS",
    "DELCONSUMER",
    "WRONGTYPE",
    "ERR",
  ],
]);
const COMMAND = /redis\.p?call\('[A-Z]+'/g;

test("every reason that a server-side function can return is in the contract", () => {
  const code = librarySource()
    .replaceAll(/^\s*--.*$/gm, "")
    .replaceAll(COMMAND, "");
  const words = [...code.matchAll(/'([A-Z][A-Z_]+)'/g)].map((match) => match[1] ?? "");
  const known = new Set<string>([
    ...[ADMISSION_REASONS, DENY_REASONS, HOLD_REASONS, INVALID_DETAILS, ORDER_MOVES].flatMap((list) =>
      Object.keys(list),
    ),
    ...FAULT_REASONS,
  ]);
  const reasons = words.filter((word) => !FORM.has(word));
  expect(reasons.length).toBeGreaterThan(10);
  expect(reasons.filter((word) => !known.has(word))).toEqual([]);
  // Those that only the server decides must be there: a refusal that it could not say would not be one.
  const decided = [
    "KILL_SWITCH",
    "TRADING_HALTED",
    "SAFE_MODE_ENABLED",
    "DAILY_LIMIT_REACHED",
    "BACKLOG_FULL",
  ];
  const rated = [
    "GLOBAL_RATE_EXCEEDED",
    "SYMBOL_RATE_EXCEEDED",
    "RATE_COUNTERS_UNREADABLE",
    "FAIL_OPEN_ERROR",
  ];
  for (const reason of [...decided, ...rated, "COOLDOWN", "RATE_LIMIT"]) expect(reasons).toContain(reason);
});

test("every function says its keys, arguments and replies, and has a version in its name", () => {
  const source = librarySource();
  const names = [...source.matchAll(/register_function[({][^'"]*["']([a-z_0-9]+)["']/g)].map(
    (match) => match[1] ?? "",
  );
  expect(names.length).toBeGreaterThan(8);
  for (const name of names) {
    expect(name).toMatch(/_v\d+$/);
    const header = new RegExp(`-- ${name}: [^\\n]+\\n(?:--[^\\n]*\\n)+`).exec(librarySource())?.[0] ?? "";
    for (const part of ["KEYS", "ARGS", "Returns"]) expect(`${name}: ${header}`).toContain(part);
  }
});

/**
 * During an upgrade daemons of the release before call this release's functions for some seconds: `library load`
 * replaces those of the same name before the daemons are restarted.
 */
test("what a function is called with and answers stays as it is under one version", () => {
  const source = librarySource();
  const layouts = [...source.matchAll(/^-- [a-z_]+_v\d+: [^\n]+\n(?:--[^\n]*\n)+/gm)].map(
    ([header]) => header,
  );
  expect(layouts.length).toBeGreaterThan(15);
  // Changed? Either the daemons of the release before are still served right, or the function and the library
  // get a new version in their names. Then the new figure belongs here.
  const figure = new Bun.CryptoHasher("sha256").update(layouts.join("")).digest("hex").slice(0, 16);
  expect(`${LIBRARY_NAME} ${figure}`).toBe("quantum_kernel_v1 9afd0290333bba17");
});

test("the library is loaded where it is absent, and left alone where it is there", async () => {
  await using server = await startKernelServer();
  await server.client.command(["FUNCTION", "FLUSH"]);
  await ensureLibrary(server.client);
  await ensureLibrary(server.client);
  expect(JSON.stringify(await server.client.command(["FUNCTION", "LIST"]))).toContain(LIBRARY_NAME);
});

test("a library that was altered is never replaced: it is a mismatch with a hint", async () => {
  await using server = await startKernelServer();
  const altered = `${librarySource()}\n-- altered\n`;
  await server.client.command(["FUNCTION", "LOAD", "REPLACE", altered]);
  const failure = await ensureLibrary(server.client).catch((error: unknown) => error);
  if (!(failure instanceof LibraryMismatchError)) throw new Error("it was taken for its own");
  expect(failure.hint).toContain("FUNCTION LOAD REPLACE");
  const loaded = await server.client.command(["FUNCTION", "LIST", "LIBRARYNAME", LIBRARY_NAME, "WITHCODE"]);
  expect(JSON.stringify(loaded)).toContain("-- altered");
});

test("where loading is not permitted and it is absent, that is said", async () => {
  await using server = await startKernelServer();
  await server.client.command(["FUNCTION", "FLUSH"]);
  const forbidden = {
    command: async (args: readonly string[]) => {
      if (args[1] === "LOAD") throw new Error("NOPERM this user has no permissions to run 'function|load'");
      return server.client.command(args);
    },
  };
  const failure = await ensureLibrary(forbidden).catch((error: unknown) => error);
  if (!(failure instanceof LibraryMismatchError)) throw new Error("nobody said it");
  expect(failure.message).toContain("absent and could not be loaded");
  expect(String(failure.cause)).toContain("NOPERM");
});

test("another daemon that loads it in between is no fault", async () => {
  await using server = await startKernelServer();
  await server.client.command(["FUNCTION", "FLUSH"]);
  const raced = {
    command: async (args: readonly string[]) => {
      if (args[1] === "LOAD") await server.client.command(args);
      return server.client.command(args);
    },
  };
  await ensureLibrary(raced);
  expect(JSON.stringify(await server.client.command(["FUNCTION", "LIST"]))).toContain(LIBRARY_NAME);
});
