import { deadLetterStreamOf, type Keys, keyFamilies, keysOf } from "../contract/keys.ts";
import type { Role } from "../contract/roles.ts";
import { CONSUME, type RedisUser } from "./redis-user.ts";

const BEAT = ["hset", "hget", "expire", "hincrby"];

const prefix = (key: string) => `${key}*`;

/** What a daemon says of itself. */
function ownKeys(keys: Keys, role: Role): readonly string[] {
  return [`${keys.rolePrefix}${role}:*`, `${keys.statsPrefix}${role}`];
}

function routerUser(keys: Keys): RedisUser {
  const streams = [keys.decisionStream, deadLetterStreamOf(keys.decisionStream), keys.intentStream];
  const counters = [keys.rateGlobalPrefix, keys.rateSymbolPrefix, keys.rateSymbolsPrefix].map(prefix);
  const both = [
    ...[...streams, keys.exitIntentStream, keys.faultStream],
    ...[keys.safeMode, keys.safeModeEpisode, keys.kill, ...counters, keys.windowGlobal],
    ...[prefix(keys.windowSymbolPrefix), prefix(keys.messageDedupPrefix), prefix(keys.dailyTradesPrefix)],
    ...ownKeys(keys, "ai-strategy-router"),
  ];
  return {
    name: "ai-strategy-router",
    about: "decisions to admitted intents",
    commands: [
      ...CONSUME,
      ...BEAT,
      ...[
        "xadd",
        "xlen",
        "xpending",
        "xrange",
        "xrevrange",
        "get",
        "mget",
        "set",
        "del",
        "exists",
        "expireat",
      ],
      ...["pexpire", "pttl", "incrby", "hmget", "zadd", "zrevrange", "lindex", "lpush", "lrange", "ltrim"],
      ...["hgetall", "hlen", "xtrim", "xgroup|delconsumer"],
    ],
    read: [keys.tradingState],
    write: [keys.auditStream],
    both,
    called: [...both, keys.tradingState, keys.auditStream],
  };
}

/** What execution and stream recovery write of an order. */
function orderKeys(keys: Keys): readonly string[] {
  return [
    ...[keys.intentStream, keys.exitIntentStream, keys.resultStream],
    ...[deadLetterStreamOf(keys.intentStream), deadLetterStreamOf(keys.exitIntentStream)],
    ...[prefix(keys.orderLedgerPrefix), keys.openOrders],
    ...[
      prefix(keys.gateLastTradePrefix),
      keys.gateTrades,
      keys.gateInFlight,
      prefix(keys.positionPlanPrefix),
    ],
    ...[keys.stopsMissing, `${keys.statsPrefix}execution`],
  ];
}

const ORDER_COMMANDS = [
  ...["get", "set", "del", "exists", "hgetall", "hdel", "hmget", "xadd", "xlen", "xrange", "xpending"],
  ...["zadd", "zrem", "zcard", "zcount", "zscore", "zrange", "zremrangebyscore", "expireat", "pexpire"],
];

/** Execution also runs the stream recovery before it starts, under its own user. */
function executionUser(keys: Keys): RedisUser {
  const trimmed = [keys.decisionStream, deadLetterStreamOf(keys.decisionStream), keys.heartbeatStream];
  const both = [
    ...orderKeys(keys),
    ...[keys.mode, keys.modeAccount],
    ...ownKeys(keys, "execution"),
    ...[...trimmed, keys.faultStream, keys.auditStream, keys.panicCompletedStream],
    `${keys.statsPrefix}stream-recover`,
  ];
  const read = [keys.kill, keys.tradingState, keys.safeMode, prefix(keys.rolePrefix)];
  return {
    name: "execution",
    about: "intents to orders; runs the stream recovery before it starts",
    commands: [
      ...[...CONSUME, ...BEAT, ...ORDER_COMMANDS],
      ...["xtrim", "xgroup|delconsumer", "xclaim", "scan", "xinfo|stream"],
    ],
    read,
    both,
    called: [...both, ...read],
  };
}

function recoverUser(keys: Keys): RedisUser {
  return { ...executionUser(keys), name: "stream-recover", about: "the timer's stream recovery" };
}

function exitBrainUser(keys: Keys): RedisUser {
  const called = [
    ...[keys.heartbeatStream, prefix(keys.positionPlanPrefix), prefix(keys.gateLastTradePrefix)],
    keys.exitIntentStream,
  ];
  const read = [keys.resultStream, keys.openOrders, keys.gateInFlight, prefix(keys.orderLedgerPrefix)];
  return {
    name: "exit-brain",
    about: "exit intents and heartbeats; may call a panic",
    commands: [
      ...BEAT,
      ...[
        "xadd",
        "xread",
        "xrange",
        "xrevrange",
        "xlen",
        "get",
        "set",
        "del",
        "hgetall",
        "hkeys",
        "hmget",
        "hdel",
      ],
      ...["scan", "zrange", "zscore", "type", "exists"],
    ],
    read: [...read, keys.mode, keys.modeAccount],
    write: [keys.panicStream, keys.auditStream],
    both: [...called, ...ownKeys(keys, "exit-brain")],
    called,
  };
}

function watchdogUser(keys: Keys): RedisUser {
  return {
    name: "exit-brain-watchdog",
    about: "calls the panic when the exit brain fails",
    commands: [
      ...BEAT,
      ...[
        "xadd",
        "xread",
        "xrange",
        "xrevrange",
        "xinfo|stream",
        "get",
        "hgetall",
        "hmget",
        "hdel",
        "del",
        "type",
      ],
    ],
    read: [keys.heartbeatStream, keys.panicCompletedStream, keys.panicProcessed, keys.mode, keys.modeAccount],
    write: [keys.auditStream],
    both: [keys.panicStream, keys.watchdogState, keys.tradingState, ...ownKeys(keys, "exit-brain-watchdog")],
  };
}

function workerUser(keys: Keys): RedisUser {
  return {
    name: "emergency-exit-worker",
    about: "halts trading and closes everything; reads panics, cannot call one",
    commands: [
      ...CONSUME,
      ...BEAT,
      ...[
        "xadd",
        "xrange",
        "xrevrange",
        "xlen",
        "get",
        "hgetall",
        "hmget",
        "hsetnx",
        "hexists",
        "hdel",
        "del",
      ],
    ],
    read: [keys.mode, keys.modeAccount],
    write: [keys.auditStream],
    both: [
      ...[keys.panicCompletedStream, keys.panicProcessed, keys.tradingState],
      ...ownKeys(keys, "emergency-exit-worker"),
    ],
    groups: [keys.panicStream],
  };
}

function auditLoggerUser(keys: Keys): RedisUser {
  return {
    name: "audit-logger",
    about: "copies what happened to a file; writes no stream",
    commands: [...CONSUME, ...BEAT, "xrange", "xlen", "xpending"],
    both: ownKeys(keys, "audit-logger"),
    groups: [
      ...[keys.panicStream, keys.panicCompletedStream],
      ...[keys.faultStream, keys.resultStream, keys.auditStream],
    ],
  };
}

function telemetryUser(keys: Keys, everything: readonly string[]): RedisUser {
  return {
    name: "safety-telemetry",
    about: "reads only, but for its own beat",
    commands: [
      ...BEAT,
      ...["get", "mget", "ttl", "pttl", "type", "scan", "hgetall", "hmget", "xlen", "xrange", "xrevrange"],
      ...[
        "xinfo|stream",
        "xinfo|groups",
        "xinfo|consumers",
        "xpending",
        "zcard",
        "zrange",
        "zrevrange",
        "lrange",
      ],
      ...["llen", "exists", "zcount", "strlen", "hlen"],
    ],
    read: everything,
    both: ownKeys(keys, "safety-telemetry"),
  };
}

/** Not a role of ours: may publish decisions and nothing else. */
function engineUser(keys: Keys): RedisUser {
  return {
    name: "ai-engine",
    about: "may publish decisions",
    commands: ["xadd"],
    write: [keys.decisionStream],
  };
}

/** Not a role of ours: may call a panic and read how it ended. */
function riskKernelUser(keys: Keys): RedisUser {
  return {
    name: "risk-kernel",
    about: "may call a panic",
    commands: ["xadd", "xread", "xrange", "xrevrange", "hgetall", "hget"],
    read: [keys.panicCompletedStream, keys.tradingState],
    write: [keys.panicStream],
  };
}

/** A person with quantumctl or redis-cli. */
function operatorUser(everything: readonly string[]): RedisUser {
  return {
    name: "quantumctl",
    about: "an operator: every key of ours, functions and the ACL's own care, no server control",
    commands: [
      ...["@read", "@write", "@stream", "@hash", "@string", "@sortedset", "@list", "-@dangerous", "del"],
      ...[
        "function|load",
        "function|delete",
        "acl|load",
        "acl|log",
        "acl|list",
        "slowlog|get",
        "latency|latest",
      ],
      ...["config|get", "info", "scan", "type"],
    ],
    both: everything,
    called: everything,
  };
}

/**
 * Redis users, one a role and one each for those who stand outside: the AI engine, the risk kernel and ops
 * (quantumctl).
 *
 * 1. A user has the commands and keys that its role uses, and no others; nobody has a dangerous command.
 * 2. Server-side functions check the keys they are handed as "read and write" and then each command inside on
 *    its own. So FCALL has a selector of its own: to call a function about a key is no right to write the key.
 * 3. Only watchdog, exit brain, risk kernel and ops may write the panic stream; only ops may load functions.
 */
export function redisUsers(namespace: string): readonly RedisUser[] {
  const keys = keysOf(namespace);
  const everything = keyFamilies(namespace);
  return [
    routerUser(keys),
    executionUser(keys),
    exitBrainUser(keys),
    watchdogUser(keys),
    workerUser(keys),
    auditLoggerUser(keys),
    telemetryUser(keys, everything),
    recoverUser(keys),
    engineUser(keys),
    riskKernelUser(keys),
    operatorUser(everything),
  ];
}
