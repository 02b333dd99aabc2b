import { admissionNamesInLua } from "./admission-names.ts";
import admissionInputLua from "./lua/admission-input.lua" with { type: "text" };
import admitLua from "./lua/admit.lua" with { type: "text" };
import appendLua from "./lua/append.lua" with { type: "text" };
import clockLua from "./lua/clock.lua" with { type: "text" };
import faultsLua from "./lua/faults.lua" with { type: "text" };
import ledgerLua from "./lua/ledger.lua" with { type: "text" };
import plansLua from "./lua/plans.lua" with { type: "text" };
import ratesLua from "./lua/rates.lua" with { type: "text" };
import settleLua from "./lua/settle.lua" with { type: "text" };
import streamsLua from "./lua/streams.lua" with { type: "text" };
import switchesLua from "./lua/switches.lua" with { type: "text" };
import { orderMovesInLua } from "./order-states.ts";

/** The library's name carries its version: during an upgrade two versions stand side by side. */
export const LIBRARY_NAME = "quantum_kernel_v1";

/** The library as it is loaded: later parts use the locals of earlier ones. */
export function librarySource(): string {
  return [
    `#!lua name=${LIBRARY_NAME}`,
    orderMovesInLua(),
    admissionNamesInLua(),
    clockLua,
    switchesLua,
    streamsLua,
    faultsLua,
    ratesLua,
    admissionInputLua,
    admitLua,
    ledgerLua,
    settleLua,
    plansLua,
    appendLua,
  ].join("\n");
}

/** The function library on the server is not the one this build was made with. */
export class LibraryMismatchError extends Error {
  readonly code = "LIBRARY_MISMATCH";
  readonly hint: string;
  constructor(message: string, hint: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "LibraryMismatchError";
    this.hint = hint;
  }
}

/** What checking the library needs of a connection. */
export interface CommandSender {
  command(args: readonly string[]): Promise<unknown>;
}

/**
 * Makes sure that exactly this library is on the server: loads it if absent and permitted, never replaces
 * one that is there. Idempotent; call at every (re)connection, a restarted server may be empty.
 * Throws LibraryMismatchError when it is altered or cannot be loaded, and what `command` throws.
 */
export async function ensureLibrary(redis: CommandSender): Promise<void> {
  const wanted = librarySource();
  const found = await loadedCode(redis);
  if (found === wanted) return;
  if (found !== undefined) {
    throw new LibraryMismatchError(
      `function library ${LIBRARY_NAME} on the server differs from this build's`,
      "daemons never replace a library: load this release's with an operator's account (FUNCTION LOAD REPLACE)",
    );
  }
  try {
    await redis.command(["FUNCTION", "LOAD", wanted]);
  } catch (cause) {
    // Another daemon may have loaded it between the look and the load.
    if ((await loadedCode(redis)) === wanted) return;
    throw new LibraryMismatchError(
      `function library ${LIBRARY_NAME} is absent and could not be loaded`,
      "load it with an account that may run FUNCTION LOAD, or permit it to this role",
      { cause },
    );
  }
}

async function loadedCode(redis: CommandSender): Promise<string | undefined> {
  const reply = await redis.command(["FUNCTION", "LIST", "LIBRARYNAME", LIBRARY_NAME, "WITHCODE"]);
  if (!Array.isArray(reply) || !Array.isArray(reply[0])) return undefined;
  const library: readonly unknown[] = reply[0];
  const code = library[library.indexOf("library_code") + 1];
  return typeof code === "string" ? code : undefined;
}
