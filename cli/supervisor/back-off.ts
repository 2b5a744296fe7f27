// How long a process that died waits before it is started again: at once the first time, because clients wait for it;
// ever longer while it keeps dying, because something is wrong that a start does not mend.

const firstMs = 50
const mostMs = 10_000
/** A process that ran for so long was well: its next death is a first one. */
const wellAfterMs = 10_000

export interface BackOff {
  readonly deaths: number
}

/** A process that ended in good order was asked to, by somebody who wants a new one: it is no death. */
export function isRestart(exitCode: number | null, ranMs: number): boolean {
  return exitCode === 0 && ranMs >= 1_000
}

export const rested: BackOff = { deaths: 0 }

/** After a death at `ranMs` of life: what to remember, and the wait before the next start. */
export function afterDeath(backOff: BackOff, ranMs: number): { next: BackOff; delayMs: number } {
  const deaths = ranMs >= wellAfterMs ? 1 : backOff.deaths + 1
  return { next: { deaths }, delayMs: Math.min(mostMs, firstMs * 2 ** (deaths - 1)) }
}
