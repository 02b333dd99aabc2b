/** What the doors need of a Redis connection; lib/redis satisfies it. */
export interface FunctionCaller {
  command(args: readonly string[]): Promise<unknown>;
  /** The Redis server's clock, estimated from the offset measured lately (epoch ms). */
  serverNowMs(): number;
  /** How long a command may take (ms): after it the server refuses to act on the call, too. */
  readonly deadlineMs: number;
}

/** The server saw the call only after the caller had given up on it; nothing was written. */
export class CallExpiredError extends Error {
  readonly code = "CALL_EXPIRED";
  readonly hint = "Redis was too slow, or the clock offset is stale; the call may be repeated";
  constructor(name: string) {
    super(`${name} reached the server after its deadline; nothing was written`);
    this.name = "CallExpiredError";
  }
}

/** The server answered with something that is not this library's. */
export class UnexpectedReplyError extends Error {
  readonly code = "UNEXPECTED_REPLY";
  readonly hint = "check that the function library on the server is this build's";
  constructor(name: string, reply: readonly string[]) {
    super(`${name} answered ${JSON.stringify(reply).slice(0, 200)}`);
    this.name = "UnexpectedReplyError";
  }
}

/**
 * Calls a server-side function with the caller's deadline as its first argument. The reply's parts as text,
 * null as "". Throws CallExpiredError (nothing was written), and what `command` throws: after *its* deadline
 * error the outcome is unknown and only a call with the same ids may follow.
 */
export async function callFunction(
  caller: FunctionCaller,
  name: string,
  call: { readonly keys: readonly string[]; readonly args: readonly string[] },
): Promise<readonly string[]> {
  const deadline = String(Math.floor(caller.serverNowMs() + caller.deadlineMs));
  const reply = await caller.command([
    "FCALL",
    name,
    String(call.keys.length),
    ...call.keys,
    deadline,
    ...call.args,
  ]);
  const parts = Array.isArray(reply) ? reply.map((part) => (part === null ? "" : String(part))) : [];
  if (parts[0] === "EXPIRED") throw new CallExpiredError(name);
  return parts;
}
