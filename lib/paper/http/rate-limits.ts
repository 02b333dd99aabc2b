/** How much a client may ask; the venue's own defaults are 2400 weight and 1200 orders a minute, 300 in 10 s. */
export interface RateLimitSettings {
  readonly weightPerMinute: number;
  readonly ordersPer10Sec: number;
  readonly ordersPerMinute: number;
  /** Requests answered 429 in a row before the ban. */
  readonly offencesBeforeBan: number;
  /** The first ban; each further one is twice as long, up to three days. */
  readonly banSec: number;
}

/** 429 or 418: nothing was executed, come back after `retryAfterSec`. */
export interface LimitRefusal {
  readonly status: 429 | 418;
  readonly code: -1003 | -1015;
  readonly msg: string;
  readonly retryAfterSec: number;
}

export interface RateLimits {
  /** Counts one request; a refused one counts as an offence instead. */
  spend(cost: {
    readonly weight: number;
    readonly orders: number;
    readonly nowMs: number;
  }): LimitRefusal | undefined;
  /** Used weight and, for an order, order counts: `[name, value]` of the venue's headers. */
  headers(isOrder: boolean, nowMs: number): readonly (readonly [string, string])[];
  reset(): void;
}

const BAN_SEC_MAX = 259_200;

interface Window {
  readonly lengthMs: number;
  startMs: number;
  used: number;
}

function used(window: Window, nowMs: number): number {
  const startMs = Math.floor(nowMs / window.lengthMs) * window.lengthMs;
  if (startMs !== window.startMs) {
    window.startMs = startMs;
    window.used = 0;
  }
  return window.used;
}

function secondsLeft(window: Window, nowMs: number): number {
  return Math.max(1, Math.ceil((window.startMs + window.lengthMs - nowMs) / 1000));
}

/**
 * Windows begin at round times, as the venue's do, so a client may spend a minute's budget at its end and
 * the next one's at its start. A request that passes ends the row of offences; a ban does not shorten.
 */
export function createRateLimits(settings: RateLimitSettings): RateLimits {
  const weight: Window = { lengthMs: 60_000, startMs: 0, used: 0 };
  const orders10Sec: Window = { lengthMs: 10_000, startMs: 0, used: 0 };
  const ordersMinute: Window = { lengthMs: 60_000, startMs: 0, used: 0 };
  let offences = 0;
  let bans = 0;
  let bannedUntilMs = 0;

  const ban = (nowMs: number): LimitRefusal => {
    if (bannedUntilMs <= nowMs) {
      bannedUntilMs = nowMs + Math.min(settings.banSec * 2 ** bans, BAN_SEC_MAX) * 1000;
      bans += 1;
    }
    const retryAfterSec = Math.ceil((bannedUntilMs - nowMs) / 1000);
    const msg = `Way too many requests; IP banned until ${bannedUntilMs}. Please use the websocket for live updates to avoid bans.`;
    return { status: 418, code: -1003, msg, retryAfterSec };
  };
  const overWeight = (nowMs: number): LimitRefusal => {
    offences += 1;
    if (offences > settings.offencesBeforeBan) return ban(nowMs);
    const msg = `Too many requests; current limit of IP is ${settings.weightPerMinute} requests per minute. Please use the websocket for live updates to avoid polling the API.`;
    return { status: 429, code: -1003, msg, retryAfterSec: secondsLeft(weight, nowMs) };
  };
  const overOrders = (window: Window, limit: number, nowMs: number): LimitRefusal => {
    const per = window.lengthMs === 10_000 ? "10 SECOND" : "1 MINUTE";
    const msg = `Too many new orders; current limit is ${limit} orders per ${per}.`;
    return { status: 429, code: -1015, msg, retryAfterSec: secondsLeft(window, nowMs) };
  };

  return {
    spend: (cost) => {
      const { nowMs } = cost;
      if (bannedUntilMs > nowMs) return ban(nowMs);
      if (used(weight, nowMs) + cost.weight > settings.weightPerMinute) return overWeight(nowMs);
      offences = 0;
      weight.used += cost.weight;
      if (cost.orders === 0) return undefined;
      if (used(orders10Sec, nowMs) + cost.orders > settings.ordersPer10Sec) {
        return overOrders(orders10Sec, settings.ordersPer10Sec, nowMs);
      }
      if (used(ordersMinute, nowMs) + cost.orders > settings.ordersPerMinute) {
        return overOrders(ordersMinute, settings.ordersPerMinute, nowMs);
      }
      orders10Sec.used += cost.orders;
      ordersMinute.used += cost.orders;
      return undefined;
    },
    headers: (isOrder, nowMs) => {
      const weightHeader = ["X-MBX-USED-WEIGHT-1M", String(used(weight, nowMs))] as const;
      if (!isOrder) return [weightHeader];
      return [
        weightHeader,
        ["X-MBX-ORDER-COUNT-10S", String(used(orders10Sec, nowMs))],
        ["X-MBX-ORDER-COUNT-1M", String(used(ordersMinute, nowMs))],
      ];
    },
    reset: () => {
      for (const window of [weight, orders10Sec, ordersMinute]) window.used = 0;
      offences = 0;
      bans = 0;
      bannedUntilMs = 0;
    },
  };
}
