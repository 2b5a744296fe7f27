// The name that somebody probably meant: for refusals that help.
import leven from 'leven'

/** The known name that is the same but for case and punctuation, or else a few letters away; undefined: none is near. */
export function nearestName(given: string, known: readonly string[]): string | undefined {
  const same = known.find((name) => squeezed(name) === squeezed(given))
  if (same !== undefined) return same
  // A third of the letters may differ: `retenton.ms` is a slip, `x` is not a slip of `rack`.
  const maxDistance = Math.floor(given.length / 3)
  if (maxDistance === 0) return undefined
  const measured = known.map((name) => ({
    name,
    distance: leven(given.toLowerCase(), name.toLowerCase(), { maxDistance: maxDistance + 1 }),
  }))
  const best = measured.reduce((a, b) => (b.distance < a.distance ? b : a), {
    name: '',
    distance: Number.POSITIVE_INFINITY,
  })
  return best.distance <= maxDistance ? best.name : undefined
}

function squeezed(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '')
}
