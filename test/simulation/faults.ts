// What goes wrong in a run, and what people do meanwhile: a schedule made from the seed before the run begins. Each seed has some kinds of fault and not others, so that
// now and then one of them has the stage for itself.
import type { SeededRandom } from '@castellan/testing/simulator'

/** How likely each kind is, beside the others of its run. */
export const faultKinds = {
  'kill-broker': 3, // kill -9, back after a while
  'crash-broker': 3, // the same, in the middle of whatever it does
  'power-broker': 2, // the power goes: unsynced bytes may be gone
  'power-all': 0.3, // of all brokers at once
  'empty-disk': 1, // a broker comes back with another disk
  'stop-broker': 2, // SIGTERM, back after a while
  'rolling-restart': 0.5, // SIGTERM, one broker after another
  'stall-broker': 2, // SIGSTOP: nothing runs, its system keeps the sockets
  'sleep-broker': 1, // the whole machine sleeps: its monotonic clock stands still
  'kill-castle': 2,
  'crash-castle': 2,
  'stall-castle': 1,
  'restore-castle': 0.5, // its store goes back in time
  'kill-consumer': 2,
  'stall-consumer': 1,
  'crash-producer': 1,
  'lost-answers': 2, // brokers hear a producer, it does not hear them, and then its connections break
  cut: 2, // nothing passes between two machines
  'cut-one-way': 2,
  isolate: 2, // a broker from everybody
  minority: 2, // a broker and the producers from everybody else: nobody tells them who leads now
  split: 1, // the brokers from each other; Castle and clients reach all
  delay: 1, // slow ways
  reset: 1, // connections between two machines break
  'link-trouble': 2, // messages to and from Castle are lost, come twice, come late
  'slow-disk': 2,
  'full-disk': 2,
  'flip-bit': 2,
  'zero-segment': 1, // a broker is killed, and finds a part of a segment zeroed
  'cut-segment': 1, // or cut short
  'spoil-all': 0.5, // of one partition all logs, while nobody looks: a person goes on with what is sound
  'clock-jump': 1, // a machine's wall clock
  // What people ask for, at any moment:
  reassign: 2, // other replicas for a partition (KIP-455)
  'reassign-back': 1, // the same, cancelled while it is under way
  elect: 1, // preferred leaders at once
} as const

export type FaultKind = keyof typeof faultKinds
export const faultNames = Object.keys(faultKinds) as readonly FaultKind[]

export interface Fault {
  readonly kind: FaultKind
  readonly atMs: number
  /** How long it lasts: until the process is started again, or the way is healed. */
  readonly forMs: number
  /** Chooses the victim, and more, see `Injector`. */
  readonly victim: number
  readonly other: number
}

/** So many faults between `fromMs` and `untilMs`; each has ended by `untilMs`. */
export function planFaults(
  random: SeededRandom,
  options: { readonly faults: number; readonly kinds?: readonly FaultKind[] },
  fromMs: number,
  untilMs: number,
): Fault[] {
  const kinds = options.kinds ?? someOf(random)
  return Array.from({ length: options.faults }, () => {
    const atMs = fromMs + random.next() * (untilMs - fromMs) * 0.9
    const forMs = Math.min(untilMs - atMs, 100 + random.next() ** 2 * 8_000)
    return { kind: drawn(random, kinds), atMs, forMs, victim: random.uint32(), other: random.uint32() }
  }).sort((a, b) => a.atMs - b.atMs)
}

/** At least three kinds. */
function someOf(random: SeededRandom): readonly FaultKind[] {
  for (;;) {
    const kinds = faultNames.filter(() => random.chance(0.4))
    if (kinds.length >= 3) return kinds
  }
}

function drawn(random: SeededRandom, kinds: readonly FaultKind[]): FaultKind {
  let at = random.next() * kinds.reduce((sum, kind) => sum + faultKinds[kind], 0)
  for (const kind of kinds) {
    at -= faultKinds[kind]
    if (at < 0) return kind
  }
  return kinds[0]!
}
