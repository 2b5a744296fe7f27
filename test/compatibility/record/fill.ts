// Puts a little of everything into a running platform, by a release's own SDK, and says what is there.

/** What every release's SDK has had since the first. */
export type Sdk = Pick<typeof import('@castellan/sdk'), 'connect'>

export interface Content {
  readonly topics: readonly TopicContent[]
  readonly group: string
  /** Committed by the group: the next offset to read, by `topic/partition`. */
  readonly committed: Readonly<Record<string, number>>
  /** Names of topics that were deleted. */
  readonly deleted: readonly string[]
}

export interface TopicContent {
  readonly name: string
  readonly topicId: string
  readonly partitions: number
  readonly ackLevel: number
  readonly configs: Readonly<Record<string, string>>
  readonly messages: readonly MessageContent[]
}

/** [partition, offset, key, value] */
export type MessageContent = readonly [number, number, string | null, string]

interface Plan {
  readonly name: string
  readonly partitions: number
  readonly ackLevel: -1 | 1
  readonly configs: Readonly<Record<string, string>>
}

const plans: readonly Plan[] = [
  // Segments close by time: a fixture must be small.
  { name: 'orders', partitions: 3, ackLevel: -1, configs: { 'segment.ms': '100' } },
  { name: 'clicks', partitions: 2, ackLevel: 1, configs: { 'retention.ms': '-1', 'index.interval.bytes': '1' } },
  { name: 'ledger', partitions: 1, ackLevel: -1, configs: { 'flush.messages': '1' } },
]
const waves = 4
const messagesPerWave = 40
const group = 'billing'
const compressions = ['none', 'gzip', 'lz4', 'snappy'] as const

export async function fill(sdk: Sdk, castle: string): Promise<Content> {
  const castellan = await sdk.connect({ castle, service: 'fixture' })
  try {
    for (const plan of [...plans, { name: 'gone', partitions: 1, ackLevel: -1, configs: {} }]) {
      await call(castle, 'POST', '/api/topics', { ...plan, replicationFactor: 1 })
    }
    const messages = new Map<string, MessageContent[]>(plans.map(({ name }) => [name, []]))
    for (let wave = 0; wave < waves; wave++) {
      const producer = castellan.producer({ compression: compressions[wave % compressions.length]! })
      for (const { name } of plans) await sendWave(name, wave, producer, messages.get(name)!)
      await producer.send({ topic: 'gone', value: 'nobody will miss it' })
      await new Promise((resolve) => setTimeout(resolve, 150)) // the time of a segment is over
    }
    await call(castle, 'DELETE', '/api/topics/gone')
    const committed = await consumeHalf(castellan)
    return {
      topics: await Promise.all(plans.map((plan) => contentOf(castle, plan, messages))),
      group,
      committed,
      deleted: ['gone'],
    }
  } finally {
    await castellan.close()
  }
}

type Castellan = Awaited<ReturnType<Sdk['connect']>>

async function sendWave(
  topic: string,
  wave: number,
  producer: ReturnType<Castellan['producer']>,
  into: MessageContent[],
): Promise<void> {
  const texts = Array.from(
    { length: messagesPerWave },
    (_, at) => [at % 5 === 0 ? null : `k-${at % 7}`, `${topic} ${wave}/${at}`] as const,
  )
  const sent = await Promise.all(
    texts.map(([key, value]) => producer.send({ topic, key, value, headers: { wave: String(wave) } })),
  )
  for (const [at, { partition, offset }] of sent.entries()) into.push([partition, offset, ...texts[at]!])
}

/** A group that stopped in the middle. */
async function consumeHalf(castellan: Castellan): Promise<Record<string, number>> {
  const consumer = castellan.consumer({ group, topics: ['orders'] })
  const next: Record<string, number> = {}
  let count = 0
  const { promise: half, resolve } = Promise.withResolvers<void>()
  const running = consumer.run(async ({ topic, partition, offset }) => {
    if (count >= (waves * messagesPerWave) / 2) return new Promise(() => {}) // never done, so never committed
    next[`${topic}/${partition}`] = offset + 1
    if (++count === (waves * messagesPerWave) / 2) resolve()
    return undefined
  })
  await half
  await consumer.close({ timeoutMs: 1_000 }).catch(() => undefined)
  await running.catch(() => undefined)
  return next
}

async function contentOf(
  castle: string,
  { name, partitions, ackLevel, configs }: Plan,
  messages: ReadonlyMap<string, MessageContent[]>,
): Promise<TopicContent> {
  const { topicId } = (await call(castle, 'GET', `/api/topics/${name}`)) as { topicId: string }
  return { name, topicId, partitions, ackLevel, configs, messages: messages.get(name)! }
}

async function call(castle: string, method: string, path: string, body?: object): Promise<unknown> {
  const headers = body === undefined ? {} : { 'content-type': 'application/json' }
  const response = await fetch(castle + path, {
    method,
    headers,
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${await response.text()}`)
  return response.status === 204 ? undefined : await response.json()
}
