// /api/topics/:name/messages and /offsets: what is in a topic, asked of its brokers; and a message written by hand.

import { Type } from '@castellan/protocol/json-schema'
import type { FastifyInstance } from 'fastify'
import type { Static } from 'typebox'
import type { ClusterClients } from '../browse/cluster-clients.ts'
import { Browser } from '../browse/messages.ts'
import { findOffsets } from '../browse/offsets.ts'
import { findReplicaEnds } from '../browse/replica-ends.ts'
import { writeMessage } from '../browse/write.ts'
import type { Castle } from '../castle.ts'
import { messagesView, offsetsView, viewMessages } from '../views/messages.ts'
import { isoTime } from '../views/views.ts'
import { addRoute } from './routes.ts'
import { inCluster, named, strict } from './topic-bodies.ts'
import { topicNamed } from './topics.ts'

const tag = 'messages'
const bytes = Type.Union([
  Type.Null(),
  Type.Object({ text: Type.String() }, strict),
  Type.Object(
    { base64: Type.String({ pattern: '^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$' }) },
    strict,
  ),
])
const newMessage = Type.Object(
  {
    partition: Type.Optional(
      Type.Integer({ minimum: 0, description: "Left out: by the key, as Kafka's clients do; without one, any." }),
    ),
    key: Type.Optional(bytes),
    value: Type.Optional(bytes),
    headers: Type.Optional(
      Type.Array(Type.Object({ name: Type.String({ maxLength: 1_000 }), value: bytes }, strict), { maxItems: 100 }),
    ),
  },
  strict,
)
const text = (description: string) => Type.Optional(Type.String({ maxLength: 1_000, description }))
const browseQuery = Type.Object(
  {
    ...inCluster,
    partition: Type.Optional(Type.Integer({ minimum: 0, description: 'Left out: all, of up to 256.' })),
    from: Type.Optional(
      Type.String({
        maxLength: 100,
        default: 'earliest',
        description: 'earliest, latest (the newest `limit`), an offset, or a time (ISO 8601).',
      }),
    ),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500, default: 50, description: 'Messages at most.' })),
    key: text('Only messages with exactly this key.'),
    contains: text('Only messages whose key or value contains this text.'),
    waitMs: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 5_000,
        default: 0,
        description: 'At the end: how long to wait for a message.',
      }),
    ),
    cursor: Type.Optional(
      Type.String({
        maxLength: 8_000,
        description: 'The `next` of the page before; `from` and `partition` do not count then.',
      }),
    ),
  },
  strict,
)

export function addMessages(app: FastifyInstance, castle: Castle, clients: ClusterClients): void {
  const browser = new Browser(clients.runtime.clock)
  addRoute(app, {
    method: 'GET',
    url: '/api/topics/:name/offsets',
    tag,
    summary: 'Shows where each partition of a topic starts and ends, and each of its replicas, as its brokers say.',
    params: named,
    query: Type.Object(inCluster, strict),
    answers: [200, offsetsView],
    handle: async ({ params, query, gone }) => {
      const topic = topicNamed(castle, query.cluster, params.name)
      const partitions = [...topic.partitions.keys()]
      const ends = (['earliest', 'latest'] as const).flatMap((at) => partitions.map((partition) => ({ partition, at })))
      const client = clients.of(topic.cluster)
      const [{ offsets, problem }, replicas] = await Promise.all([
        findOffsets(client, topic, ends, gone()),
        findReplicaEnds(client, topic, gone()),
      ])
      const items = partitions.map((partition) => ({
        partition,
        start: offsets[partition] ?? null,
        end: offsets[partitions.length + partition] ?? null,
        replicas: replicas[partition] ?? [],
      }))
      return { items, problem }
    },
  })
  addRoute(app, {
    method: 'GET',
    url: '/api/topics/:name/messages',
    tag,
    summary: 'Reads messages of a topic, a page at a time, without being in a group.',
    description:
      'Each request reads a bounded part and says which (`scanned`); `next` goes on, also at the end, where `waitMs` waits.',
    params: named,
    query: browseQuery,
    answers: [200, messagesView],
    handle: async ({ params, query, gone }) => {
      const topic = topicNamed(castle, query.cluster, params.name)
      const { partition, from = 'earliest', limit = 50, waitMs = 0, cursor } = query
      const filter = { ...filterOf('key', query.key), ...filterOf('contains', query.contains) }
      const where = { ...(partition === undefined ? {} : { partition }), ...(cursor === undefined ? {} : { cursor }) }
      const asked = { from, limit, waitMs, filter, ...where }
      return viewMessages(await browser.browse(clients.of(topic.cluster), topic, asked, gone()))
    },
  })
  addRoute(app, {
    method: 'POST',
    url: '/api/topics/:name/messages',
    tag,
    summary: "Writes a message, at the topic's ack level; Ack 0 is written at Ack 1, so that the offset is known.",
    params: named,
    query: Type.Object(inCluster, strict),
    body: newMessage,
    answers: [
      201,
      Type.Object({
        partition: Type.Integer(),
        offset: Type.Integer(),
        timestamp: Type.String({ format: 'date-time' }),
      }),
    ],
    handle: async ({ params, query, body }) => {
      const topic = topicNamed(castle, query.cluster, params.name)
      const { partition, key = null, value = null, headers = [] } = body
      const written = await writeMessage(clients.of(topic.cluster), topic, {
        ...(partition === undefined ? {} : { partition }),
        key: bytesOf(key),
        value: bytesOf(value),
        headers: headers.map((header) => ({ key: header.name, value: bytesOf(header.value) })),
      })
      return { partition: written.partition, offset: written.offset, timestamp: isoTime(written.timestampMs) }
    },
  })
}

/** An empty field of a form filters nothing. */
function filterOf(name: 'key' | 'contains', given: string | undefined) {
  return given === undefined || given === '' ? {} : { [name]: Buffer.from(given) }
}

function bytesOf(given: Static<typeof bytes>): Uint8Array | null {
  if (given === null) return null
  return 'text' in given ? Buffer.from(given.text) : Buffer.from(given.base64, 'base64')
}
