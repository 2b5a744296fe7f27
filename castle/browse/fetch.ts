// One round of fetches: every leader is asked at once for the partitions that are open, and what comes is decoded a little at a
// time, because the loop that does it also answers heartbeats.
import { errorOf, fetch } from '@castellan/protocol'
import type { Clock } from '@castellan/protocol/runtime'
import type { KafkaClient } from '@castellan/sdk/kafka'
import { messageOf } from '../errors.ts'
import type { Topic } from '../state/entities.ts'
import { patienceMs } from './cluster-clients.ts'
import { groupByLeader, noLeader, onceMore } from './offsets.ts'
import { readRecords } from './records.ts'
import { type Filter, type Lane, matches } from './scan.ts'

export interface FetchLimits {
  /** A partition's reading rests when it has so many. */
  readonly matchesMax: number
  /** How long brokers wait for a first message. */
  readonly waitMs: number
}

export interface Round {
  readonly client: KafkaClient
  readonly topic: Topic
  /** Of the connections. */
  readonly lane: string
  readonly query: { readonly filter: Filter }
  readonly gone: AbortSignal
  /** In the order in which they are served. */
  readonly lanes: readonly Lane[]
  readonly limits: FetchLimits
  readonly budget: Budget
}

const roundBytesMax = 1024 * 1024
/** Records between two turns of the loop. */
const turnRecords = 500
const turnBytes = 1024 * 1024
/** Of one partition and request; the rest is passed in silence, and the next page says more. */
const unreadableMax = 20

/** What one request may use up. */
export class Budget {
  readonly #limits: { fetchedBytesMax: number; messagesMax: number; roundsMax: number; scanMs: number }
  readonly #nowMs: () => number
  #untilMs: number
  #fetchedBytes = 0
  #messages = 0
  #decodedBytes = 0
  rounds = 0

  constructor(
    limits: { fetchedBytesMax: number; messagesMax: number; roundsMax: number; scanMs: number },
    nowMs: () => number,
  ) {
    this.#limits = limits
    this.#nowMs = nowMs
    this.#untilMs = nowMs() + limits.scanMs
  }

  get isSpent(): boolean {
    const { fetchedBytesMax, messagesMax, roundsMax } = this.#limits
    const isRead = this.#fetchedBytes >= fetchedBytesMax || this.#decodedBytes >= 4 * fetchedBytesMax
    return isRead || this.#messages >= messagesMax || this.rounds >= roundsMax || this.#nowMs() >= this.#untilMs
  }

  /** Time spent waiting for messages is not spent on reading them. */
  renew(): void {
    this.#untilMs = this.#nowMs() + this.#limits.scanMs
  }

  fetched(bytes: number): void {
    this.#fetchedBytes += bytes
  }

  decoded(bytes: number): void {
    this.#messages += 1
    this.#decodedBytes += bytes
  }
}

/** Returns what went wrong, or null. Lanes whose broker refused or was silent are failed. */
export async function fetchRound(round: Round): Promise<string | null> {
  const { topic, lanes, gone, budget, client } = round
  budget.rounds += 1
  const problems: string[] = []
  // The first answer that has something ends the waiting of the others.
  const enough = new AbortController()
  const signal = AbortSignal.any([gone, enough.signal])
  const answered: { lane: Lane; records: Uint8Array }[] = []
  const byLeader = groupByLeader(topic, lanes, ({ partition }) => partition)
  await Promise.all(
    [...byLeader].map(async ([broker, group]) => {
      try {
        if (!client.view.brokers.has(broker)) throw new Error(noLeader(topic, group[0]?.partition ?? -1, broker))
        const got = await askLeader(round, broker, group, signal, problems)
        answered.push(...got)
        if (round.limits.waitMs > 0 && got.some(({ records }) => records.length > 0)) enough.abort(enoughReason)
      } catch (error) {
        if (enough.signal.aborted) return
        gone.throwIfAborted()
        for (const lane of group) lane.failed = true
        problems.push(messageOf(error))
      }
    }),
  )
  for (const { lane, records } of answered) await decode(round, lane, records)
  return problems[0] ?? null
}

const enoughReason = new Error('another broker answered')

async function askLeader(
  { client, topic, lane, limits }: Round,
  broker: number,
  lanes: readonly Lane[],
  signal: AbortSignal,
  problems: string[],
): Promise<{ lane: Lane; records: Uint8Array }[]> {
  const { waitMs } = limits
  const partitionMaxBytes = Math.max(16 * 1024, Math.floor(roundBytesMax / lanes.length))
  const partitions = lanes.map(({ partition, at }) => ({ partition, fetchOffset: at, partitionMaxBytes }))
  const body = {
    maxWaitMs: waitMs,
    minBytes: waitMs > 0 ? 1 : 0,
    maxBytes: roundBytesMax,
    topics: [{ topicId: topic.topicId, partitions }],
    forgottenTopicsData: [],
  }
  const options = { broker, lane, timeoutMs: waitMs + patienceMs, signal, versionMin: 13 }
  const answer = await onceMore(() => client.dispatch(fetch, body, options))
  if (answer.errorCode !== 0) throw new Error(`broker ${broker}: ${errorOf(answer.errorCode).message}`)
  const found = new Map(answer.responses.flatMap((each) => each.partitions).map((each) => [each.partitionIndex, each]))
  return lanes.flatMap((each) => {
    const partition = found.get(each.partition)
    if (partition === undefined) return []
    if (partition.errorCode !== 0) {
      each.failed = true
      problems.push(`${topic.name}/${each.partition}: ${errorOf(partition.errorCode).message}`)
      return []
    }
    each.end = Math.max(each.end, partition.highWatermark)
    return [{ lane: each, records: partition.records ?? nothing }]
  })
}

const nothing = new Uint8Array(0)

async function decode(round: Round, lane: Lane, records: Uint8Array): Promise<void> {
  const { budget, client, limits, query, gone } = round
  const { clock } = client.runtime
  budget.fetched(records.length)
  let turn = { records: 0, bytes: 0 }
  for (const step of readRecords(records, lane.at)) {
    if (step.kind === 'passed') lane.at = Math.max(lane.at, step.next)
    else if (step.kind === 'unreadable') {
      const { from, to, why } = step
      if (lane.unreadable.length < unreadableMax) lane.unreadable.push({ partition: lane.partition, from, to, why })
      lane.at = Math.max(lane.at, to)
    } else {
      const { record } = step
      const bytes = (record.key?.length ?? 0) + (record.value?.length ?? 0)
      budget.decoded(bytes)
      lane.at = record.offset + 1
      if (matches(record, query.filter)) lane.matches.push(record)
      turn = { records: turn.records + 1, bytes: turn.bytes + bytes }
    }
    if (lane.matches.length >= limits.matchesMax || budget.isSpent) return
    if (turn.records >= turnRecords || turn.bytes >= turnBytes || step.kind === 'passed') {
      turn = { records: 0, bytes: 0 }
      await nextTurn(clock)
      gone.throwIfAborted()
    }
  }
}

function nextTurn(clock: Clock): Promise<void> {
  return new Promise((resolve) => clock.soon(resolve))
}
