// Two processes with one id: the newer wins, and the older is told to stop. An incarnation never heard before is newer
// than the one known; one that was superseded stays older for ever.

export interface Incarnations {
  readonly incarnation: string
  /** Superseded ones, newest first. */
  readonly retired: readonly string[]
}

/** Enough to tell a few crash-looping predecessors to stop. */
const retiredMax = 8

export type Meeting = 'first' | 'same' | 'newer' | 'older'

export function meet(known: Incarnations | undefined, incarnation: string): Meeting {
  if (known === undefined) return 'first'
  if (known.incarnation === incarnation) return 'same'
  return known.retired.includes(incarnation) ? 'older' : 'newer'
}

/** The incarnations to retire when a newer one takes over from `known`. */
export function retire(known: Incarnations): string[] {
  return [known.incarnation, ...known.retired].slice(0, retiredMax)
}
