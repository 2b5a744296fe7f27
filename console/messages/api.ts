// Messages of a topic, as Castle reads and writes them.
import { useQuery } from '@tanstack/react-query'
import { call, type MessagesPage, type WrittenMessage } from '../api/index.ts'
import type { Query } from '../url/routes.ts'

export interface TopicName {
  readonly cluster: string
  readonly topic: string
}

export type Message = MessagesPage['items'][number]
/** Text, or base64 where it is not UTF-8; null is null. */
export type Bytes = Message['value']

function pathOf({ topic }: TopicName): string {
  return `/api/topics/${encodeURIComponent(topic)}/messages`
}

/** One page. Rejects with an ApiError, or what `signal` was aborted with. */
export function readPage(name: TopicName, query: Query, signal: AbortSignal): Promise<MessagesPage> {
  return call<MessagesPage>({ path: pathOf(name), query: { cluster: name.cluster, ...query }, signal })
}

/** What stands at one place: the message there, or what is known of it when there is none. */
export function useMessageAt(
  name: TopicName,
  { partition, offset }: { partition: number; offset: number },
  isNeeded: boolean,
) {
  const query = { partition, from: offset, limit: 1 }
  return useQuery({
    queryKey: ['message', name, query],
    queryFn: ({ signal }) => readPage(name, query, signal),
    enabled: isNeeded,
    // What is written stays as it is; what is not there yet may come.
    staleTime: 5_000,
  })
}

export interface NewMessage {
  /** null: by the key. */
  readonly partition: number | null
  readonly key: string | null
  readonly value: string | null
  readonly headers: readonly { readonly name: string; readonly value: string }[]
}

/** Rejects with an ApiError. Two with the same `idempotencyKey` write one message. */
export function writeMessage(name: TopicName, message: NewMessage, idempotencyKey: string): Promise<WrittenMessage> {
  const { partition, key, value, headers } = message
  const bytes = (text: string | null) => (text === null ? null : { text })
  return call<WrittenMessage>({
    method: 'POST',
    path: pathOf(name),
    query: { cluster: name.cluster },
    body: {
      ...(partition === null ? {} : { partition }),
      key: bytes(key),
      value: bytes(value),
      headers: headers.map((header) => ({ name: header.name, value: bytes(header.value) })),
    },
    idempotencyKey,
  })
}
