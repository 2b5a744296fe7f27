// Messages as people see them: bytes that are UTF-8 as text, others as base64, long ones cut and said to be.
import { isUtf8 } from 'node:buffer'
import { Type } from '@castellan/protocol/json-schema'
import type { Static } from 'typebox'
import type { Browsed } from '../browse/messages.ts'
import { type Found, shownBytesMax } from '../browse/scan.ts'

const count = Type.Integer({ minimum: 0 })
const truncated = Type.Optional(Type.Boolean({ description: `Cut at ${shownBytesMax} bytes.` }))
const bytesView = Type.Union([
  Type.Null(),
  Type.Object({ text: Type.String(), truncated }),
  Type.Object({ base64: Type.String(), truncated }),
])
type BytesView = Static<typeof bytesView>

export const messageView = Type.Object({
  partition: count,
  offset: count,
  /** null: it has none that is a time. */
  timestamp: Type.Union([Type.String({ format: 'date-time' }), Type.Null()]),
  key: bytesView,
  value: bytesView,
  headers: Type.Array(Type.Object({ name: Type.String(), value: bytesView })),
  /** There are more headers than are shown. */
  headersLeftOut: count,
  /** Whole lengths; 0 for null. */
  valueBytes: count,
  keyBytes: count,
})

export const messagesView = Type.Object({
  items: Type.Array(messageView),
  /** Goes on after these; at the end too, where it waits for what comes. */
  next: Type.String(),
  /** Offsets [from, to) were looked at in this request; `end` is the one after the last, null: nobody could tell. */
  scanned: Type.Array(Type.Object({ partition: count, from: count, to: count, end: Type.Union([count, Type.Null()]) })),
  /** Everything up to the end was looked at. */
  complete: Type.Boolean(),
  /** Offsets that hold what cannot be read. */
  unreadable: Type.Array(Type.Object({ partition: count, from: count, to: count, why: Type.String() })),
  /** Why some partitions could not be looked at, or null. */
  problem: Type.Union([Type.String(), Type.Null()]),
})

export const offsetsView = Type.Object({
  items: Type.Array(
    Type.Object({
      partition: count,
      start: Type.Union([count, Type.Null()]),
      /** The high watermark: consumers see what is below. */
      end: Type.Union([count, Type.Null()]),
      /** Where each replica's own log ends (LEO), and the bytes of its segments. */
      replicas: Type.Array(
        Type.Object({
          broker: count,
          end: Type.Union([count, Type.Null()]),
          bytes: Type.Union([count, Type.Null()]),
        }),
      ),
    }),
  ),
  /** Why some are null. */
  problem: Type.Union([Type.String(), Type.Null()]),
})

const headersMax = 100

export function viewMessages({ found, ...browsed }: Browsed): Static<typeof messagesView> {
  return { items: found.map(viewMessage), ...browsed }
}

function viewMessage({ partition, record }: Found): Static<typeof messageView> {
  const { offset, timestamp, key, value, headers } = record
  return {
    partition,
    offset,
    timestamp: timestamp >= 0 && timestamp <= latestMs ? new Date(timestamp).toISOString() : null,
    key: viewBytes(key),
    value: viewBytes(value),
    headers: headers.slice(0, headersMax).map((header) => ({ name: header.key, value: viewBytes(header.value) })),
    headersLeftOut: Math.max(0, headers.length - headersMax),
    valueBytes: value?.length ?? 0,
    keyBytes: key?.length ?? 0,
  }
}

/** The last time that a Date can be. */
const latestMs = 8_640_000_000_000_000

/** Whether it is text is asked of the whole; then it is cut, never within a character. */
export function viewBytes(bytes: Uint8Array | null, bytesMax = shownBytesMax): BytesView {
  if (bytes === null) return null
  const isText = isUtf8(bytes)
  const cut = bytes.length > bytesMax
  let end = Math.min(bytes.length, bytesMax)
  // UTF-8's continuation bytes are 10xxxxxx.
  if (isText && cut) while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1
  const shown = Buffer.from(bytes.buffer, bytes.byteOffset, end)
  const view = isText ? { text: shown.toString('utf8') } : { base64: shown.toString('base64') }
  return cut ? { ...view, truncated: true } : view
}
