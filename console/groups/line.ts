// Where the points of a line stand in its box, pure. The foot is always 0, so that a small lag looks small.

/** `x,y` of each point, as SVG's `points` takes them. */
export function pointsOf(
  points: readonly { readonly atMs: number; readonly value: number }[],
  width: number,
  height: number,
): string {
  const first = points[0]?.atMs ?? 0
  const span = Math.max(1, (points.at(-1)?.atMs ?? 0) - first)
  const top = Math.max(1, ...points.map(({ value }) => value))
  // A line of 1.5 px must not be cut in half at the edges.
  const room = height - 4
  return points
    .map(({ atMs, value }) => `${round(((atMs - first) / span) * width)},${round(height - 2 - (value / top) * room)}`)
    .join(' ')
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
