// Who may have acknowledged a message at Ack 1: whoever led its partition then, whether it had been deposed already or not.
import { groupBy, type History, type Leadership } from './history.ts'

/** An observation may be this old when it is noted. */
const observationMs = 2_000
/** R2: for so long a leader answers that nobody follows any more. */
const unfollowedMs = 1_000

interface Span {
  /** Its machine. */
  readonly name: string
  readonly fromMs: number
  readonly untilMs: number
}

/** By partition; leaderships are noted until the run is over, and judged after that. */
const spansOf = new WeakMap<History['leaderships'], ReadonlyMap<string, readonly Span[]>>()

/** Machines, by name. Undefined: nobody noted who led. */
export function leadersBetween(
  { leaderships }: History,
  partition: string,
  fromMs: number,
  untilMs: number,
): readonly string[] | undefined {
  let spans = spansOf.get(leaderships)
  if (spans === undefined) {
    const byPartition = groupBy(leaderships, (one) => one.partition)
    spans = new Map([...byPartition].map(([name, all]) => [name, spansIn(all)]))
    spansOf.set(leaderships, spans)
  }
  const overlapping = spans.get(partition)?.filter((span) => span.fromMs <= untilMs && span.untilMs >= fromMs)
  return overlapping?.map(({ name }) => name)
}

/** From the first word of it on, Castle's or its own, until another says that it leads at a higher epoch: then nobody follows the former. */
function spansIn(all: readonly Leadership[]): Span[] {
  const firsts = [...groupBy(all, ({ leaderEpoch, broker }) => `${leaderEpoch} ${broker}`).values()].map(firstOf)
  const taken = [
    ...groupBy(
      all.filter(({ process }) => process !== null),
      ({ leaderEpoch }) => String(leaderEpoch),
    ).values(),
  ].map(firstOf)
  return firsts.map(({ leaderEpoch, broker, atMs }) => {
    const next = taken.filter((one) => one.leaderEpoch > leaderEpoch && one.broker !== broker)
    const untilMs = Math.min(...next.map((one) => one.atMs)) + unfollowedMs + observationMs
    return { name: `broker-${broker}`, fromMs: atMs - observationMs, untilMs }
  })
}

function firstOf(all: readonly Leadership[]): Leadership {
  return all.reduce((first, one) => (one.atMs < first.atMs ? one : first))
}
