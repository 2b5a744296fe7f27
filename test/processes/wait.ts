// Waiting in tests: for a condition, with a deadline and a sentence, never for a time.

const pollMs = 20

/**
 * Resolves with the first value of `condition` that is neither undefined nor false. Rejects after `deadlineMs`, saying what was
 * waited for, and why the last try failed when it threw.
 */
export async function waitFor<T>(
  what: string,
  condition: () => T | undefined | false | Promise<T | undefined | false>,
  deadlineMs = 15_000,
): Promise<T> {
  const endMs = performance.now() + deadlineMs
  for (;;) {
    let cause: unknown
    try {
      const value = await condition()
      if (value !== undefined && value !== false) return value
    } catch (error) {
      cause = error
    }
    if (performance.now() > endMs) throw new Error(`waited ${deadlineMs} ms for ${what}`, { cause })
    await new Promise((resolve) => setTimeout(resolve, pollMs))
  }
}
