/** Open views at once: operators, not an audience. */
export const VIEWS_MAX = 16;
/** Unsent events of one view after which it is ended: the browser connects again and gets the whole state. */
const UNSENT_MAX = 4;

export interface LivePage {
  readonly title: string;
  readonly sections: Readonly<Record<string, string>>;
}

interface View {
  readonly stream: ReadableStreamDefaultController<Uint8Array>;
  readonly sent: Map<string, string>;
}

/**
 * Pages that are open in browsers, over server-sent events. Each is sent the sections that differ from what it was
 * sent before, and an event with every update in any case: silence means that the exporter is gone.
 */
export class LiveViews {
  readonly #views = new Set<View>();
  readonly #encoder = new TextEncoder();

  get count(): number {
    return this.#views.size;
  }

  /** A new view's stream of events; undefined when there are too many. */
  open(first: LivePage): ReadableStream<Uint8Array> | undefined {
    if (this.#views.size >= VIEWS_MAX) return undefined;
    let view: View | undefined;
    return new ReadableStream<Uint8Array>(
      {
        start: (stream) => {
          view = { stream, sent: new Map() };
          this.#views.add(view);
          this.#send(view, first);
        },
        cancel: () => {
          if (view !== undefined) this.#views.delete(view);
        },
      },
      { highWaterMark: UNSENT_MAX },
    );
  }

  update(page: LivePage): void {
    for (const view of this.#views) this.#send(view, page);
  }

  close(): void {
    for (const view of this.#views) this.#end(view);
  }

  #send(view: View, { title, sections }: LivePage): void {
    if ((view.stream.desiredSize ?? 0) <= 0) {
      this.#end(view);
      return;
    }
    const changed = Object.entries(sections).filter(([id, text]) => view.sent.get(id) !== text);
    for (const [id, text] of changed) view.sent.set(id, text);
    const data = JSON.stringify({ title, sections: Object.fromEntries(changed) });
    view.stream.enqueue(this.#encoder.encode(`event: sections\ndata: ${data}\n\n`));
  }

  #end(view: View): void {
    this.#views.delete(view);
    view.stream.close();
  }
}
