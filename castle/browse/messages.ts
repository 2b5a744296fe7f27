// Looking into a topic: messages from an offset, a time or an end of its log, filtered, a page at a time; at the end of the log,
// waiting for what comes. Bounded in every direction: so many bytes, messages, rounds and seconds for each request, and so
// many requests at a time. What a page says it scanned, it scanned; what it could not, it says.
//
//   positions --(ListOffsets)--> lanes --(Fetch, round by round)--> matches --> pick --> page and cursor
import type { Clock } from '@castellan/protocol/runtime'
import type { KafkaClient } from '@castellan/sdk/kafka'
import { CastleError } from '../errors.ts'
import type { Topic } from '../state/entities.ts'
import { cursorOf, type Position, type Positions, partitionsMax, readCursor, readFrom } from './cursor.ts'
import { Budget, type FetchLimits, fetchRound } from './fetch.ts'
import { findOffsets } from './offsets.ts'
import { type Filter, type Found, isAtEnd, type Lane, newLane, pick, startOf, type Unreadable } from './scan.ts'

export interface BrowseQuery {
  readonly partition?: number
  readonly from: string
  readonly limit: number
  readonly filter: Filter
  /** How long to wait at the end for a first message. */
  readonly waitMs: number
  readonly cursor?: string
}

export interface Browsed {
  readonly found: Found[]
  readonly next: string
  readonly scanned: { partition: number; from: number; to: number; end: number | null }[]
  readonly unreadable: Unreadable[]
  readonly complete: boolean
  /** Why some partitions could not be read, or null. */
  readonly problem: string | null
}

/** Of one request. */
const limits = { fetchedBytesMax: 8 * 1024 * 1024, messagesMax: 50_000, roundsMax: 200, scanMs: 5_000 }
const shownBytesMax = 4 * 1024 * 1024
/** At a time; each may hold what it fetched. */
const browsersMax = 32
/** From latest: how many offsets of all partitions together are looked at for the newest. */
const newestMax = 5_000

export class Browser {
  readonly #clock: Clock
  #browsing = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Rejects with a CastleError for what was asked wrongly, BUSY, or the signal's reason; never for what brokers do. */
  async browse(client: KafkaClient, topic: Topic, query: BrowseQuery, gone: AbortSignal): Promise<Browsed> {
    const positions = query.cursor === undefined ? positionsOf(topic, query) : readCursor(query.cursor, topic)
    if (this.#browsing >= browsersMax) {
      throw new CastleError('BUSY', `${browsersMax} requests read messages at the moment`, {
        params: { requests: browsersMax },
      })
    }
    this.#browsing += 1
    const lane = client.newLane('follow')
    try {
      return await this.#look({ client, topic, positions, query, gone, lane })
    } finally {
      client.closeLane(lane)
      this.#browsing -= 1
    }
  }

  async #look(look: Look): Promise<Browsed> {
    const { query } = look
    const isNewest = query.cursor === undefined && query.from === 'latest'
    const share = Math.max(1, Math.floor(newestMax / look.positions.size))
    // Where the newest are too long to be read at once, fewer of them are looked at.
    const tries = isNewest ? [query.limit, Math.ceil(query.limit / 10), 1] : [query.limit]
    let scan: Scan | undefined
    for (const count of tries) {
      scan = await this.#scan(look, Math.min(count, share), isNewest)
      if (scan.lanes.every((lane) => lane.failed || isAtEnd(lane))) break
    }
    const { lanes, unknown, problem } = scan as Scan
    const { picked, next } = pick(lanes, query.limit, shownBytesMax, isNewest)
    const positions = new Map<number, Position>([...look.positions].map(([id, at]) => [id, next.get(id) ?? at]))
    const isWhole = lanes.every((lane) => !lane.failed && (next.get(lane.partition) ?? 0) >= lane.end)
    return {
      found: picked,
      next: cursorOf(look.topic.topicId, positions),
      scanned: [
        ...lanes.map(({ partition, from, end }) => ({ partition, from, to: next.get(partition) ?? from, end })),
        ...unknown.map((partition) => ({ partition, from: 0, to: 0, end: null })),
      ].sort((a, b) => a.partition - b.partition),
      unreadable: lanes.flatMap((lane) => lane.unreadable),
      complete: isWhole && unknown.length === 0,
      problem,
    }
  }

  async #scan(look: Look, newestCount: number, isNewest: boolean): Promise<Scan> {
    const { query, gone } = look
    const scan = await lanesOf(look, newestCount)
    const nowMs = () => this.#clock.nowMs()
    const budget = new Budget(limits, nowMs)
    const matched = () => scan.lanes.reduce((sum, lane) => sum + lane.matches.length, 0)
    const isEnough = () => !isNewest && matched() >= query.limit
    const round = async (waitMs: number) => {
      // Whoever was not reached last time goes first.
      const open = scan.lanes.filter((lane) => !lane.failed && (waitMs > 0 || !isAtEnd(lane)))
      const fetchLimits: FetchLimits = { matchesMax: isNewest ? newestMax : query.limit, waitMs }
      const lane = waitMs > 0 ? look.lane : 'browse'
      const lanes = turned(open, budget.rounds)
      const problem = await fetchRound({ ...look, lane, lanes, budget, limits: fetchLimits })
      // A fetch that is waited for no longer still stands before the next one on its connection.
      if (waitMs > 0) look.client.closeLane(look.lane)
      scan.problem ??= problem
    }
    while (!isEnough() && !budget.isSpent && scan.lanes.some((lane) => !lane.failed && !isAtEnd(lane))) await round(0)
    const waitUntilMs = nowMs() + query.waitMs
    const isIdle = () => matched() === 0 && scan.lanes.every((lane) => lane.failed || isAtEnd(lane))
    while (!gone.aborted && isIdle() && scan.lanes.some((lane) => !lane.failed) && nowMs() < waitUntilMs) {
      budget.renew()
      await round(Math.max(1, Math.ceil(waitUntilMs - nowMs())))
      while (!isEnough() && !budget.isSpent && scan.lanes.some((lane) => !lane.failed && !isAtEnd(lane))) await round(0)
    }
    gone.throwIfAborted()
    return scan
  }
}

interface Look {
  readonly client: KafkaClient
  readonly topic: Topic
  readonly positions: Positions
  readonly query: BrowseQuery
  readonly gone: AbortSignal
  /** Connections of its own, for waiting: a broker answers a connection's requests in order. */
  readonly lane: string
}

interface Scan {
  readonly lanes: Lane[]
  /** Partitions of which nobody could tell the offsets. */
  readonly unknown: number[]
  problem: string | null
}

/** Throws PARTITION_UNKNOWN or PARTITION_NEEDED. */
function positionsOf(topic: Topic, { partition, from }: BrowseQuery): Positions {
  const position = readFrom(from)
  const count = topic.partitions.length
  if (partition !== undefined) {
    if (partition < count) return new Map([[partition, position]])
    throw partitionUnknown(topic, partition)
  }
  if (count <= partitionsMax) return new Map([...topic.partitions.keys()].map((id) => [id, position]))
  const message = `${topic.name} has ${count} partitions, and at most ${partitionsMax} are read at a time`
  throw new CastleError('PARTITION_NEEDED', message, {
    params: { name: topic.name, partitions: count, limit: partitionsMax },
  })
}

export function partitionUnknown({ name, partitions }: Topic, partition: number): CastleError {
  const message = `${name} has partitions 0 to ${partitions.length - 1}, not ${partition}`
  return new CastleError('PARTITION_UNKNOWN', message, { params: { name, partition, partitions: partitions.length } })
}

/** Asks the brokers where the positions are. */
async function lanesOf({ client, topic, positions, gone }: Look, newestCount: number): Promise<Scan> {
  const ids = [...positions.keys()]
  const queries = ids.flatMap((partition) => {
    const position = positions.get(partition)
    const ends = [
      { partition, at: 'earliest' as const },
      { partition, at: 'latest' as const },
    ]
    return typeof position === 'object' ? [...ends, { partition, at: position.timeMs }] : ends
  })
  const { offsets, problem } = await findOffsets(client, topic, queries, gone)
  const scan: Scan = { lanes: [], unknown: [], problem }
  let at = 0
  for (const partition of ids) {
    const position = positions.get(partition) as Position
    const isTime = typeof position === 'object'
    const [start = null, end = null, found = null] = offsets.slice(at, at + (isTime ? 3 : 2))
    at += isTime ? 3 : 2
    if (start === null || end === null || (isTime && found === null)) scan.unknown.push(partition)
    else scan.lanes.push(newLane(partition, startOf(position, start, end, newestCount, found), end))
  }
  return scan
}

function turned<T>(things: readonly T[], by: number): T[] {
  const at = things.length === 0 ? 0 : by % things.length
  return [...things.slice(at), ...things.slice(0, at)]
}
