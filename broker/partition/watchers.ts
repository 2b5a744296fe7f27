// Those who hear of something until they stop. An array, for readers that wait come and go with every fetch: a Set is slow at that.

export class Watchers<What = void> {
  readonly #listeners: ((what: What) => void)[] = []

  /** Returns how to stop. */
  add(listener: (what: What) => void): () => void {
    this.#listeners.push(listener)
    let isWatching = true
    return () => {
      if (isWatching) this.#listeners.splice(this.#listeners.indexOf(listener), 1)
      isWatching = false
    }
  }

  tell(what: What): void {
    // One may stop when it is told.
    if (this.#listeners.length > 0) for (const listener of [...this.#listeners]) listener(what)
  }
}
