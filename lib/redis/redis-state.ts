import { RedisReplyError } from "./redis-errors.ts";
import type { RedisArgument } from "./reply.ts";

export interface RedisState {
  /** `hung`: connected, but a command overran its deadline. `down`: no connection, or a check failed. */
  readonly kind: "connecting" | "ready" | "hung" | "down" | "closed";
  /** Epoch ms of the last change of kind. */
  readonly sinceMs: number;
  /** Why it is not ready, in plain words. */
  readonly lastError: string | undefined;
  /** What a server that is connected and refuses writes says (OOM, READONLY, NOREPLICAS, MISCONF, MOVED). */
  readonly refusal: string | undefined;
  /** What the caller's check, asked again on this connection, says is not as it was. */
  readonly doubt?: string | undefined;
}

export interface RedisDependency {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
}

/** Plain writes of ours that a full or read-only server refuses: one that passes ends the refusal. */
const PLAIN_WRITES: ReadonlySet<unknown> = new Set(["SET", "HSET", "XADD", "HINCRBY", "EXEC"]);

/** The refusal after a command's end: a transient error starts one, a plain write that passed ends it. */
export function refusalAfter(
  refusal: string | undefined,
  command: { readonly args: readonly RedisArgument[]; readonly error?: unknown },
): string | undefined {
  if (command.error instanceof RedisReplyError && command.error.transient) return refusalText(command.error);
  if (command.error === undefined && PLAIN_WRITES.has(command.args[0])) return undefined;
  return refusal;
}

/** A cluster names slot and node, which differ with every key: what has to be done does not. */
const refusalText = ({ elsewhere, code, hint, message }: RedisReplyError) =>
  elsewhere ? `${code}: ${hint}` : message;

/** The state as `/readyz` shows it. */
export function redisDependency(state: RedisState): RedisDependency {
  if (state.kind !== "ready") {
    return { name: "redis", ok: false, detail: `${state.kind}: ${state.lastError ?? "not connected yet"}` };
  }
  if (state.refusal !== undefined) return { name: "redis", ok: false, detail: `refuses: ${state.refusal}` };
  if (state.doubt !== undefined) return { name: "redis", ok: false, detail: state.doubt };
  return { name: "redis", ok: true, detail: "ready" };
}
