// The real event loop and clock, under the simulated ones. Taken when this file is loaded: a test that puts fake timers in their
// place later (vi.useFakeTimers) holds up its own code with them, and never the simulator.
const { setImmediate, setTimeout, clearTimeout, performance } = globalThis
const now = performance.now.bind(performance)

/** Resolves when no promise is left that could run now, and the system has been asked for what arrived. */
export function turn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve))
}

export function pause(realMs: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, realMs))
}

export function realNowMs(): number {
  return now()
}

/** Runs `task` later, unless the process has ended by then: it does not wait for this. Returns how to cancel it. */
export function whenever(realMs: number, task: () => void): () => void {
  const timer = setTimeout(task, realMs)
  timer.unref()
  return () => clearTimeout(timer)
}
