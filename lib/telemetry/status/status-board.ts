import { History } from "./history.ts";
import { LiveViews } from "./live-views.ts";
import { pageTitle, renderPage } from "./page.ts";
import { renderSections } from "./sections.ts";
import type { StatusView } from "./status-view.ts";

/** After a page was asked for, somebody without scripts may still look at it: ms. */
const WATCHED_MS = 15_000;
/** Between two looks for the plots while nobody watches, ms. */
const UNWATCHED_LOOK_MS = 14_500;

/** The status page, as it is now and as it goes on. Never asks Redis: it shows what was sampled. */
export class StatusBoard {
  readonly #look: () => StatusView;
  readonly #clock: { monotonicMs(): number };
  readonly #history = new History();
  readonly #views = new LiveViews();
  #askedMs = Number.NEGATIVE_INFINITY;
  #notedMs = Number.NEGATIVE_INFINITY;

  constructor(look: () => StatusView, clock: { monotonicMs(): number }) {
    this.#look = look;
    this.#clock = clock;
  }

  view(): StatusView {
    return this.#look();
  }

  get viewers(): number {
    return this.#views.count;
  }

  /** Somebody looks: sampling once a second is worth it. */
  watched(): boolean {
    return this.#views.count > 0 || this.#clock.monotonicMs() - this.#askedMs < WATCHED_MS;
  }

  async page(nonce: string): Promise<string> {
    this.#askedMs = this.#clock.monotonicMs();
    const view = this.#look();
    return renderPage(view, await renderSections(view, this.#history.points), nonce);
  }

  /** Server-sent events of a new view; undefined when too many are open. */
  async watch(): Promise<ReadableStream<Uint8Array> | undefined> {
    const view = this.#look();
    return this.#views.open({
      title: pageTitle(view),
      sections: await renderSections(view, this.#history.points),
    });
  }

  /** Called at every tick, with Redis or without. */
  async tick(): Promise<void> {
    const sinceNotedMs = this.#clock.monotonicMs() - this.#notedMs;
    // While nobody watches, a look now and then is enough, and is garbage that need not be made.
    if (this.#views.count === 0 && sinceNotedMs < UNWATCHED_LOOK_MS) return;
    this.#notedMs = this.#clock.monotonicMs();
    const view = this.#look();
    // What was not read again is no point of the past hour.
    if (view.redis.up && view.sample_age_sec !== null) this.#history.note(view);
    if (this.#views.count === 0) return;
    this.#views.update({
      title: pageTitle(view),
      sections: await renderSections(view, this.#history.points),
    });
  }

  close(): void {
    this.#views.close();
  }
}
