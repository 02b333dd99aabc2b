/**
 * The account's one listen key: every POST gives the active one and prolongs it, so that clients share it;
 * it ends an hour after the last POST or PUT, or with DELETE, for all of them.
 */
export interface ListenKey {
  open(nowMs: number): string;
  /** The prolonged key, undefined when none is active (-1125). */
  prolong(nowMs: number): string | undefined;
  /** The key that ended, undefined when none was active. */
  close(): string | undefined;
  /** The key that has just run out, once. */
  expired(nowMs: number): string | undefined;
  current(): string | undefined;
}

/** No key is active until one is asked for. `random` is uniform in [0, 1). */
export function createListenKey(lifetimeMs: number, random: () => number): ListenKey {
  let key: string | undefined;
  let untilMs = 0;
  const end = () => {
    const ended = key;
    key = undefined;
    return ended;
  };
  return {
    open: (nowMs) => {
      key ??= keyText(random);
      untilMs = nowMs + lifetimeMs;
      return key;
    },
    prolong: (nowMs) => {
      if (key !== undefined) untilMs = nowMs + lifetimeMs;
      return key;
    },
    close: end,
    expired: (nowMs) => (key !== undefined && nowMs >= untilMs ? end() : undefined),
    current: () => key,
  };
}

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/** 64 letters and digits, as the venue's. */
function keyText(random: () => number): string {
  return Array.from({ length: 64 }, () => LETTERS.charAt(Math.floor(random() * LETTERS.length))).join("");
}
