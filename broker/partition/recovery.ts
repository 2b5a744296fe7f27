// Opening all logs of a broker when it starts: some at a time, for each mostly waits for its disk, with a word now and then of how
// far it is. A bad one gets a fault, the others go on (R9).
import type { Clock, Logger, Timer } from '@castellan/protocol/runtime'
import { Breather } from '../log/breather.ts'
import type { LogCounters } from '../log/context.ts'
import { Limiter } from '../log/limiter.ts'

/** Each reads up to a megabyte at a time. */
const logsAtATime = 8
const sayEveryMs = 2_000

export interface RecoveryProgress {
  /** Logs on disk, and how many of them are open, or found to be out of use. */
  readonly logs: number
  readonly opened: number
  /** Of the logs opened so far and now: what has to be read, for it may be torn, and what was read of that. */
  readonly bytesToCheck: number
  readonly bytesChecked: number
}

export interface RecoveryOptions {
  readonly clock: Clock
  readonly log: Logger
  readonly counters: LogCounters
  /** Told once, when it begins: how to ask for the progress. */
  readonly onBegin?: ((progress: () => RecoveryProgress) => void) | undefined
}

/** Resolves when `open`, which never rejects, has resolved for each of the places. */
export async function recoverAll<T>(
  places: readonly T[],
  open: (place: T) => Promise<void>,
  { clock, log, counters, onBegin }: RecoveryOptions,
): Promise<void> {
  let opened = 0
  const progress = (): RecoveryProgress => ({
    logs: places.length,
    opened,
    bytesToCheck: counters.recoveryBytes,
    bytesChecked: counters.recoveredBytes,
  })
  onBegin?.(progress)
  let timer: Timer
  const say = () => {
    log.info({ ...progress() }, 'recovering logs')
    timer = clock.after(sayEveryMs, say)
  }
  timer = clock.after(sayEveryMs, say)
  const breather = new Breather(clock)
  const limiter = new Limiter(logsAtATime)
  const openOne = async (place: T) => {
    await open(place)
    opened++
    await breather.breathe()
  }
  await Promise.all(places.map((place) => limiter.run(() => openOne(place))))
  timer.cancel()
}
