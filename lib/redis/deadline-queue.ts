/**
 * Deadlines of the commands in flight on one connection, with one timer for all of one length: a timer a
 * command costs 15 % of pipelined throughput. Replies come in the order of the commands, so a queue's
 * head is its oldest and the next to be due.
 *
 * 1. `onOverrun` is called when the first deadline has passed, once; the queue is dead afterwards.
 * 2. Late by a turn of the event loop on purpose: when it was our process that stalled, and not the
 *    server, then the reply lies in the socket already and is read first.
 */
export interface DeadlineQueue {
  /** Starts a deadline; hand the ticket back when the reply is there. */
  start(deadlineMs: number): Ticket;
  settle(ticket: Ticket): void;
  /** Nothing is due any more. */
  stop(): void;
}

interface Ticket {
  readonly dueAt: number;
  readonly line: Line;
  settled: boolean;
}

interface Line {
  readonly deadlineMs: number;
  readonly tickets: Ticket[];
  /** Index of the oldest that is not settled; what is before it is dropped now and then. */
  head: number;
  timer: ReturnType<typeof setTimeout> | undefined;
}

const DROP_EVERY = 1024;

/** A queue for one connection. */
export function createDeadlineQueue(onOverrun: (deadlineMs: number) => void): DeadlineQueue {
  const lines = new Map<number, Line>();
  let stopped = false;

  function stop(): void {
    stopped = true;
    for (const line of lines.values()) clearTimeout(line.timer);
  }

  function look(line: Line): void {
    line.timer = undefined;
    const oldest = line.tickets[line.head];
    if (stopped || oldest === undefined) return;
    const leftMs = oldest.dueAt - performance.now();
    if (leftMs > 0) {
      line.timer = setTimeout(() => look(line), leftMs);
      return;
    }
    line.timer = setTimeout(() => {
      if (stopped || oldest.settled) return look(line);
      stop();
      onOverrun(line.deadlineMs);
    }, 1);
  }

  return {
    stop,
    start(deadlineMs) {
      let line = lines.get(deadlineMs);
      if (line === undefined) {
        line = { deadlineMs, tickets: [], head: 0, timer: undefined };
        lines.set(deadlineMs, line);
      }
      const ticket = { dueAt: performance.now() + deadlineMs, line, settled: false };
      line.tickets.push(ticket);
      if (line.timer === undefined && !stopped) {
        const waiting = line;
        line.timer = setTimeout(() => look(waiting), deadlineMs);
      }
      return ticket;
    },
    settle(ticket) {
      ticket.settled = true;
      const { line } = ticket;
      while (line.tickets[line.head]?.settled) line.head += 1;
      if (line.head < DROP_EVERY && line.head < line.tickets.length) return;
      line.tickets.splice(0, line.head);
      line.head = 0;
    },
  };
}
