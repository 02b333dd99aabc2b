/** What the venue saw of one order request, for tests and benches. */
export interface OrderReceipt {
  readonly endpoint: string;
  readonly symbol: string;
  readonly clientOrderId: string;
  /** Epoch ms with microseconds, taken before the body was read. */
  readonly receivedAtMs: number;
  /** HTTP status of the answer; 0 when the connection was dropped, or it was not answered yet. */
  status: number;
}

/** Counts of requests by endpoint and status, and the newest order requests. */
export interface RequestJournal {
  count(endpoint: string, status: number): void;
  receive(receipt: OrderReceipt): void;
  report(): {
    readonly endpoints: Readonly<Record<string, Readonly<Record<string, number>>>>;
    readonly orders: readonly OrderReceipt[];
    readonly ordersReceived: number;
  };
  reset(): void;
}

/** Enough for a long bench, and bounded. */
const RECEIPTS_MAX = 100_000;

/** Receipts beyond the bound are forgotten oldest first, half of them at a time; counts never are. */
export function createRequestJournal(): RequestJournal {
  let endpoints = new Map<string, Map<number, number>>();
  let receipts: OrderReceipt[] = [];
  let ordersReceived = 0;
  return {
    count: (endpoint, status) => {
      const byStatus = endpoints.get(endpoint) ?? new Map<number, number>();
      endpoints.set(endpoint, byStatus);
      byStatus.set(status, (byStatus.get(status) ?? 0) + 1);
    },
    receive: (receipt) => {
      ordersReceived += 1;
      receipts.push(receipt);
      if (receipts.length > RECEIPTS_MAX) receipts = receipts.slice(-RECEIPTS_MAX / 2);
    },
    report: () => ({
      endpoints: Object.fromEntries(
        [...endpoints].map(([name, counts]) => [name, Object.fromEntries(counts)]),
      ),
      orders: receipts,
      ordersReceived,
    }),
    reset: () => {
      endpoints = new Map();
      receipts = [];
      ordersReceived = 0;
    },
  };
}
