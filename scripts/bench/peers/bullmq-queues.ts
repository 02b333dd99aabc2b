/** Names of the two queues that stand for the two streams. */
export const BULLMQ_QUEUES = { decisions: "decisions", intents: "intents" } as const;
