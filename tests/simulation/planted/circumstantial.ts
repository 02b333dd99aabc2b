import { type Mutation, one } from "./mutation.ts";

const ADMIT = "lib/kernel/lua/admit.lua";
const SEND = "lib/execution/send-order.ts";

/** Planted bugs that only what comes twice, a Redis that forgot, hedge mode or an operator brings out. */
export const CIRCUMSTANTIAL: readonly Mutation[] = [
  {
    name: "refusal-believed",
    mistake: "the answer to a second copy of a request passes for the fate of the first",
    changes: one(
      "lib/execution/ask-after-rejection.ts",
      "if (!answered || !concerned) return",
      "if (answered || !concerned) return",
    ),
    breaks: [1],
  },
  {
    name: "settled-by-memory",
    mistake: "a process does not look again at what it has settled, whatever Redis says",
    changes: [
      {
        file: "lib/execution/handle-intent.ts",
        from: "  const decoded = decodeIntent(entry.fields);\n  if (decoded",
        to:
          '  if ((parts.settled ??= new Set()).has(entry.id)) return "done";\n' +
          "  const decoded = decodeIntent(entry.fields);\n  if (decoded",
      },
      {
        file: "lib/execution/handle-intent.ts",
        from: "    await progress(parts, job, refusal);\n",
        to: "    await progress(parts, job, refusal);\n    parts.settled.add(entry.id);\n",
      },
    ],
    breaks: [7, 4],
  },
  {
    name: "published-with-maxlen",
    mistake: "publishing keeps the stream short, whoever still needs what",
    changes: one(
      ADMIT,
      "local id = redis.call('XADD', stream, '*', 'data'",
      "local id = redis.call('XADD', stream, 'MAXLEN', 2, '*', 'data'",
    ),
    breaks: [4],
  },
  {
    name: "exit-paced",
    mistake: "an exit waits for its turn among all requests",
    changes: one(
      SEND,
      'if (admission.kind === "ok") return undefined;',
      'if (admission.kind === "ok") return job.kind === "exit" ? pause(parts, job, 500).then(() => undefined) : undefined;',
    ),
    breaks: [3],
  },
  {
    name: "short-closed-by-sale",
    mistake: "in hedge mode a position is closed by a sale, also a short one",
    changes: one(
      "lib/exchange/exit-order-shape.ts",
      'side: input.closes === "LONG" ? "SELL" : "BUY",',
      'side: input.closes === "LONG" || input.hedgeMode ? "SELL" : "BUY",',
    ),
    breaks: [3],
  },
  {
    name: "switch-said-not-set",
    mistake: "an admin server says that it has set a switch, and writes nothing",
    changes: one(
      "lib/kernel/lua/switches.lua",
      "    redis.call('SET', keys[1], args[2])\n  end\n  redis.call('XADD'",
      "  end\n  redis.call('XADD'",
    ),
    breaks: [2],
  },
  {
    name: "halt-cleared-while-open",
    mistake: "a halt is cleared for whoever asks, also while its panic has positions open",
    changes: [
      {
        file: "lib/emergency/worker/routes.ts",
        from: "if (running !== undefined && !by.force) {",
        to: "if (running === null) {",
      },
      {
        file: "lib/emergency/worker/panic-store.ts",
        from: "if (!by.force && !(await this.#isAnswered(through)))",
        to: "if (through === undefined)",
      },
    ],
    breaks: [6],
  },
  {
    name: "joined-not-waited-for",
    mistake: "a panic that joins another ends with it, whatever passed since its own halt",
    changes: [
      {
        file: "lib/emergency/worker/panic-run.ts",
        from: 'if (decision.kind === "flat" && !this.#isHaltNewer()) return "flat";',
        to: 'if (decision.kind === "flat") return "flat";',
      },
      {
        file: "lib/emergency/worker/panic-run.ts",
        from: "if (this.#panic.haltsAnew !== this.#haltsSeen) this.#noteHalt();",
        to: "",
      },
    ],
    breaks: [6],
  },
  {
    name: "exit-denied-at-admission",
    mistake: "safe mode refuses decisions that close, too",
    changes: one(
      ADMIT,
      "if kind == 'exit' then return 'EXIT', publish",
      "if kind == 'exit' then if redis.call('EXISTS', state.limits.names.safe_mode) == 1 then " +
        "return 'SAFE_MODE_ENABLED', '' end return 'EXIT', publish",
    ),
    breaks: [3],
  },
  {
    name: "exit-behind-entries",
    mistake: "a router takes a page's exits when it is done with its entries, and later",
    changes: one(
      "lib/routing/router.ts",
      "if (exits.length > 0) await admitRequests(parts, exits);\n    if (others.length > 0) await admitOthers(parts, others);",
      "if (others.length > 0) await admitOthers(parts, others);\n    if (exits.length > 0) await new Promise((go) => setTimeout(go, 3000));\n" +
        "    if (exits.length > 0) await admitRequests(parts, exits);",
    ),
    breaks: [3],
  },
];
