// Brokers restarted one after another, so that no send fails: each only when all is in sync, the next when it is back and in
// sync again.
//
//   all in sync? ──► SIGTERM: it hands over and ends ──► its supervisor starts it ──► Castle counts it as up ──► all in sync?
//
// Nothing but a signal to a process that `castellan start` has noted as its own: it starts what ends again, whoever asked.
import type { BrokerView, TopicSummary, TopicView } from '@castellan/castle/views'
import type { CastleApi } from '../castle-api.ts'
import { CommandError } from '../errors.ts'
import { type Obstacle, obstaclesText, obstaclesTo } from './stop-check.ts'

export interface RollingOptions {
  readonly api: CastleApi
  /** Stop a broker, too, where that makes partitions wait or unavailable meanwhile. */
  readonly force: boolean
  /** For each wait. */
  readonly timeoutMs: number
  say(line: string): Promise<void>
}

export interface Restarted {
  readonly broker: number
  readonly pidBefore: number
  readonly pid: number
  /** From the signal until Castle counted the new process as up. */
  readonly ms: number
}

const pollMs = 100
const askedAtOnce = 8

/** Restarts the brokers in their order. `processOf`: the process of a broker on this machine. Throws a CommandError. */
export async function restartAll(
  brokers: readonly number[],
  processOf: (broker: number) => number,
  options: RollingOptions,
): Promise<Restarted[]> {
  const restarted: Restarted[] = []
  for (const broker of brokers) {
    await untilStoppable(broker, options)
    const pidBefore = processOf(broker)
    const known = (await brokersOf(options.api)).get(broker)
    if (known?.pid !== pidBefore) {
      const text = `Castle knows broker ${broker} as process ${known?.pid ?? 'none'}, but here it is process ${pidBefore}`
      throw new CommandError(`${text}: give the --castle and the --data of one and the same platform.`)
    }
    await options.say(`broker ${broker}: stopping process ${pidBefore}, others take over`)
    const startMs = performance.now()
    process.kill(pidBefore, 'SIGTERM')
    const pid = await untilBack(broker, pidBefore, options)
    const ms = Math.round(performance.now() - startMs)
    await options.say(`broker ${broker}: back as process ${pid} after ${(ms / 1000).toFixed(1)} s`)
    restarted.push({ broker, pidBefore, pid, ms })
  }
  await untilStoppable(undefined, options)
  return restarted
}

/** What speaks against stopping the broker now (undefined: none in particular); nothing, when all is in sync. */
export async function obstaclesNow(api: CastleApi, broker: number | undefined): Promise<Obstacle[]> {
  const summaries = await api.list<TopicSummary>('/api/topics')
  const obstacles: Obstacle[] = []
  for (let at = 0; at < summaries.length; at += askedAtOnce) {
    const some = summaries.slice(at, at + askedAtOnce)
    const topics = await Promise.all(some.map((summary) => topicOf(api, summary)))
    obstacles.push(...obstaclesTo(broker, topics.flat()))
  }
  return obstacles
}

/** Waits until all is in sync. Throws when that takes too long, or when no waiting would help. */
export async function untilStoppable(
  broker: number | undefined,
  { api, force, timeoutMs, say }: RollingOptions,
): Promise<void> {
  const endMs = performance.now() + timeoutMs
  let said = ''
  for (;;) {
    const all = await obstaclesNow(api, broker)
    const lasting = all.filter(({ passes }) => !passes)
    if (lasting.length > 0 && !force) {
      const text = `Broker ${broker} cannot be stopped without harm: ${obstaclesText(lasting)}`
      throw new CommandError(`${text}. Give these topics more replicas, or say that it is meant with --force.`, {
        outcome: 'refused',
      })
    }
    const passing = all.filter(({ passes }) => passes)
    if (passing.length === 0) return
    const text = obstaclesText(passing)
    if (performance.now() > endMs) {
      throw new CommandError(`Not all replicas are in sync after ${timeoutMs / 1000} s: ${text}.`, {
        outcome: 'unavailable',
      })
    }
    if (text !== said) await say(`waiting until all replicas are in sync: ${text}`)
    said = text
    await new Promise((resolve) => setTimeout(resolve, pollMs))
  }
}

/** Deleted since it was listed: nothing to look at. */
async function topicOf(api: CastleApi, { name, cluster }: TopicSummary): Promise<TopicView[]> {
  try {
    return [await api.get<TopicView>(`/api/topics/${encodeURIComponent(name)}`, { cluster })]
  } catch (error) {
    if (error instanceof CommandError && error.outcome === 'notFound') return []
    throw error
  }
}

async function brokersOf(api: CastleApi): Promise<ReadonlyMap<number, BrokerView>> {
  return new Map((await api.list<BrokerView>('/api/brokers')).map((broker) => [broker.id, broker]))
}

/** Resolves with the new process once Castle counts it as up. */
async function untilBack(broker: number, pidBefore: number, { api, timeoutMs }: RollingOptions): Promise<number> {
  const endMs = performance.now() + timeoutMs
  for (;;) {
    const found = (await brokersOf(api)).get(broker)
    if (found?.state === 'up' && found.pid !== pidBefore) return found.pid
    if (performance.now() > endMs) {
      const text = `Broker ${broker} was stopped and did not come back within ${timeoutMs / 1000} s`
      throw new CommandError(`${text}: start it, and see its log for why (--no-restart leaves it down).`)
    }
    await new Promise((resolve) => setTimeout(resolve, pollMs))
  }
}
