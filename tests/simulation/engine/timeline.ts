import type { Life } from "./life.ts";
import type { Trace } from "./trace.ts";

/** Something that will happen. */
export interface Planned {
  cancelled: boolean;
}

interface Entry extends Planned {
  atUs: number;
  readonly order: number;
  readonly life: Life;
  readonly label: string;
  readonly act: () => void;
}

/**
 * Virtual time and everything that will happen in it, one thing after the other.
 *
 * 1. Time moves only from one event to the next; nothing of the machine's own time comes in.
 * 2. An event belongs to one life. A dead life's events never happen, a stalled one's happen when the stall ends,
 *    in their order.
 * 3. The next event is taken only after every promise that the one before settled has been followed up: the drain
 *    below runs all microtasks, and nothing in a simulated process waits for anything but this timeline.
 */
export class Timeline {
  readonly #drain: () => void;
  readonly #trace: Trace;
  readonly #idle: Life;
  #heap: Entry[] = [];
  #order = 0;
  #nowUs = 0;
  #current: Life;
  #steps = 0;

  constructor(parts: { readonly drain: () => void; readonly trace: Trace; readonly idle: Life }) {
    this.#drain = parts.drain;
    this.#trace = parts.trace;
    this.#idle = parts.idle;
    this.#current = parts.idle;
  }

  /** Microseconds since the run began. */
  get nowUs(): number {
    return this.#nowUs;
  }

  get steps(): number {
    return this.#steps;
  }

  /** Whose code runs now. */
  get current(): Life {
    return this.#current;
  }

  /** Something of a life at a time that is not past. */
  plan(atUs: number, life: Life, label: string, act: () => void): Planned {
    const entry = {
      atUs: Math.max(Math.ceil(atUs), this.#nowUs),
      order: this.#order,
      life,
      label,
      act,
      cancelled: false,
    };
    this.#order += 1;
    this.#push(entry);
    return entry;
  }

  after(delayUs: number, life: Life, label: string, act: () => void): Planned {
    return this.plan(this.#nowUs + delayUs, life, label, act);
  }

  /** Runs something as a life, now, to the end of all that follows from it at once. */
  enter(life: Life, act: () => void): void {
    const before = this.#current;
    this.#current = life;
    act();
    this.#drain();
    this.#current = before;
  }

  /** Does the next thing that happens at `untilUs` at the latest; false when there is none. */
  step(untilUs: number): boolean {
    for (;;) {
      const entry = this.#heap[0];
      if (entry === undefined || entry.atUs > untilUs) {
        this.#nowUs = Math.max(this.#nowUs, Math.min(untilUs, entry?.atUs ?? untilUs));
        return false;
      }
      this.#pop();
      if (entry.cancelled || !entry.life.alive) continue;
      if (entry.life.stalledUntilUs > entry.atUs) {
        entry.atUs = entry.life.stalledUntilUs;
        this.#push(entry);
        continue;
      }
      this.#nowUs = entry.atUs;
      this.#steps += 1;
      this.#trace.say(this.#nowUs, entry.life.name, entry.label);
      this.enter(entry.life, entry.act);
      return true;
    }
  }

  /** Where nobody in particular acts. */
  get nobody(): Life {
    return this.#idle;
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(entry);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || !isBefore(entry, above)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = entry;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      const child = this.#smallerChild(at);
      const below = heap[child];
      if (below === undefined || !isBefore(below, last)) break;
      heap[at] = below;
      at = child;
    }
    heap[at] = last;
  }

  #smallerChild(at: number): number {
    const left = 2 * at + 1;
    const [one, other] = [this.#heap[left], this.#heap[left + 1]];
    return one !== undefined && other !== undefined && isBefore(other, one) ? left + 1 : left;
  }
}

function isBefore(one: Entry, other: Entry): boolean {
  return one.atUs !== other.atUs ? one.atUs < other.atUs : one.order < other.order;
}
