// From values to the bytes of a key or value, and back: json, string, bytes, and the interface for one's own.
import type { Bytes } from '../producer/types.ts'

/** What is being written or read: for serdes that behave differently by topic, and for their error messages. */
export interface SerdeAbout {
  readonly topic: string
  readonly part: 'key' | 'value'
}

/**
 * Writes values as bytes and reads them again, at once: neither may answer with a promise. What they throw becomes SERDE_FAILED for the
 * sender, and MESSAGE_UNDECODABLE (a failed attempt) for the consumer. null is "no value": what a compacted topic deletes a key by.
 */
export interface Serde<In, Out = In> {
  /** A text is stored as UTF-8. */
  serialize(value: In, about: SerdeAbout): Bytes
  deserialize(bytes: Uint8Array | null, about: SerdeAbout): Out
}

/** Fails for bytes that are no UTF-8, where a Buffer would put question marks in. */
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

const json: Serde<unknown> = {
  serialize(value) {
    if (value === null || value === undefined) return null
    const text = JSON.stringify(value)
    // A function or symbol is none. Its type says that this cannot be.
    if (text === undefined) throw new TypeError(`a ${typeof value} is no JSON`)
    return text
  },
  deserialize: (bytes) => (bytes === null ? null : JSON.parse(utf8.decode(bytes))),
}

const string: Serde<string | null> = {
  serialize(value) {
    if (value === null || value === undefined) return null
    if (typeof value !== 'string') throw new TypeError(`a ${typeof value} is no string`)
    return value
  },
  deserialize: (bytes) => (bytes === null ? null : utf8.decode(bytes)),
}

const bytes: Serde<Uint8Array | null> = {
  serialize(value) {
    if (value === null || value === undefined) return null
    if (!(value instanceof Uint8Array)) throw new TypeError(`a ${typeof value} is no Uint8Array`)
    return value
  },
  deserialize: (bytes) => bytes,
}

interface Serdes {
  /** JSON in UTF-8; null is no value. Nothing checks that what is read is a `T`: a schema does. */
  readonly json: <T = unknown>() => Serde<T>
  /** UTF-8; anything else cannot be decoded. */
  readonly string: Serde<string | null>
  /** As they are. */
  readonly bytes: Serde<Uint8Array | null>
}

export const serdes: Serdes = { json: <T = unknown>() => json as Serde<T>, string, bytes }
