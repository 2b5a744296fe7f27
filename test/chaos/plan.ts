// What goes wrong in a run: a schedule made from the seed before it begins, so that the same seed breaks the same things in the same
// order, at the same times unless a victim is not well by then (turns.ts). What comes of it still depends on the machine.
import { SeededRandom } from '@castellan/testing/simulator'

export const faultKinds = [
  'kill-broker', // kill -9, started again after a while
  'restart-broker', // SIGTERM: in good order
  'hang-broker', // SIGSTOP, SIGCONT
  'kill-castle',
  'hang-castle',
  'kill-castle-and-broker', // sends wait for Castle, and none fails
  'kill-all-brokers', // at the same moment
  'restart-all', // everything, one after another, in good order
  'kill-consumer', // one of the group's members
  'isolate', // a broker is cut off from everyone
  'cut', // nothing passes between two machines
  'cut-one-way', // what one sends to the other is lost
  'full-disk', // no room on the one broker that has a small disk
] as const
export type FaultKind = (typeof faultKinds)[number]

/** They need machines of their own (network and mount namespaces). */
export const machineKinds: readonly FaultKind[] = ['isolate', 'cut', 'cut-one-way', 'full-disk']

export interface Fault {
  readonly kind: FaultKind
  /** Since the plan's start. */
  readonly atMs: number
  readonly forMs: number
  /** Brokers 1 to 3. */
  readonly broker: number
  /** Names of two machines, for cuts. */
  readonly from: string
  readonly to: string
}

const machineNames = ['castle', 'broker-1', 'broker-2', 'broker-3', 'here']
/** Between the end of a fault and the begin of the next: mostly enough for replicas to be in sync again, sometimes not. */
const quietMs = { from: 200, to: 7_000 }
const longestMs = 6_000

/** Faults of these kinds for so long, one after another; now and then one begins while the one before it still lasts. */
export function planFaults(seed: number, kinds: readonly FaultKind[], untilMs: number): Fault[] {
  const random = new SeededRandom(seed)
  const faults: Fault[] = []
  let bag: FaultKind[] = []
  for (let atMs = 2_000; ; ) {
    // Every kind comes once before one comes twice.
    if (bag.length === 0) bag = shuffled(kinds, random)
    const kind = bag.pop()!
    const forMs = Math.round(100 + random.next() ** 2 * (longestMs - 100))
    const from = random.pick(machineNames)
    const to = random.pick(machineNames.filter((name) => name !== from))
    if (atMs + forMs > untilMs) return faults
    faults.push({ kind, atMs, forMs, broker: random.between(1, 4), from, to })
    atMs += random.chance(0.2) ? random.between(50, forMs) : forMs + random.between(quietMs.from, quietMs.to)
  }
}

function shuffled<T>(items: readonly T[], random: SeededRandom): T[] {
  const left = [...items]
  const order: T[] = []
  while (left.length > 0) order.push(...left.splice(random.between(0, left.length), 1))
  return order
}
