// The signals by which people and init systems stop a process. A second one means: hurry.
//
// Launchers (npm) pass a terminal's Ctrl-C on to children that it reaches anyway: within half a second it is one and the same.

const sameSignalMs = 500

/** Calls `first` at each signal with its name, and `again` at those that come later than that. */
export function onStopSignals(
  signals: readonly NodeJS.Signals[],
  { first, again }: { first(signal: string): void; again(): void },
): void {
  let firstMs: number | undefined
  for (const signal of signals) {
    process.on(signal, () => {
      const nowMs = performance.now()
      firstMs ??= nowMs
      if (nowMs - firstMs < sameSignalMs) first(signal)
      else again()
    })
  }
}
