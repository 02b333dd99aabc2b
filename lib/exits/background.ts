/**
 * What the loop starts and does not wait for. A task that rejects breaks an invariant and is kept for the loop to
 * throw: nothing fails in silence, and nothing is left behind when the loop ends.
 */
export class Background {
  readonly #running = new Set<Promise<void>>();
  #failure: { readonly error: unknown } | undefined;

  start(task: () => Promise<void>): void {
    const running = task().catch((error: unknown) => {
      this.#failure ??= { error };
    });
    this.#running.add(running);
    void running.then(() => this.#running.delete(running));
  }

  /** Throws what a task has thrown since. */
  check(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  async settled(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }
}
