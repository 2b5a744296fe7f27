// A topic whose keys and values have types: what is sent is checked before it leaves, what is read before a handler sees it.
//
//   send:   value ─serialize─> bytes ─deserialize─> as a consumer will get it ─schema─> fits: the bytes are sent
//   read:                      bytes ─deserialize─> ─────────────────────────── schema─> what the handler gets
//
// Stored is the value as it was given; transforms and defaults of the schema run where it is read. The sender checks what a consumer will
// read, not what it was given, because JSON changes things on the way (a Date becomes a text, NaN null): so whatever `send` takes,
// the same schema can read.
import { CastellanError, messageOf } from '../errors.ts'
import type { Message } from '../kafka/message.ts'
import { checkOptions, custom, nameLengthMax, optional, type Rules } from '../options.ts'
import type { Bytes } from '../producer/types.ts'
import {
  checkValue,
  type InputOf,
  isPromise,
  isSchema,
  issuesText,
  type OutputOf,
  type StandardSchema,
} from './schema.ts'
import { type Serde, type SerdeAbout, serdes } from './serde.ts'
import { TypedMessage } from './typed-message.ts'

export interface TopicOptions {
  /** Checks values: zod, valibot, arktype or any other Standard Schema. Without `value`, they are stored as JSON. */
  readonly schema?: StandardSchema | undefined
  /** How values are stored. */
  readonly value?: Serde<never, unknown> | undefined
  /** How keys are stored. Default: `serdes.string`. */
  readonly key?: Serde<never, unknown> | undefined
}

/** Any typed topic, whatever its types are. */
export type AnyTopic = Topic<string, never, unknown, never, unknown>

/** Also one that another copy of the SDK made: services share definitions by packages, which may bring their own. */
export function isTopic(value: unknown): value is AnyTopic {
  if (typeof value !== 'object' || value === null) return false
  const { name, encode, decode } = value as Record<string, unknown>
  return typeof name === 'string' && typeof encode === 'function' && typeof decode === 'function'
}

/** What a consumer gets from a topic, typed or given by name. */
export type MessageOf<T extends string | AnyTopic> =
  T extends Topic<infer Name, infer _In, infer Value, infer _KeyIn, infer Key>
    ? TypedMessage<Name, Value, Key>
    : T extends string
      ? Message & { readonly topic: T }
      : never

const isSerde = (value: unknown) =>
  typeof value === 'object' && value !== null && 'serialize' in value && 'deserialize' in value

const topicRules: Rules<TopicOptions> = {
  schema: optional(custom<StandardSchema>('a Standard Schema (zod, valibot, arktype, ...)', null as never, isSchema)),
  value: optional(custom<Serde<never, unknown>>('a serde: serialize and deserialize', null as never, isSerde)),
  key: optional(custom<Serde<never, unknown>>('a serde: serialize and deserialize', null as never, isSerde)),
}

/**
 * A typed topic, for `send` and for a consumer's `topics`. It needs no connection: services may share its definition. With `schema`, the
 * schema's input is what may be sent and its output what handlers get. Throws OPTION_UNKNOWN, OPTION_WRONG.
 */
export function topic<const Name extends string, S extends StandardSchema, KeyIn = string | null, KeyOut = KeyIn>(
  name: Name,
  options: { schema: S; value?: Serde<InputOf<S>, unknown>; key?: Serde<KeyIn, KeyOut> },
): Topic<Name, InputOf<S>, OutputOf<S>, KeyIn, KeyOut>
export function topic<const Name extends string, In, Out = In, KeyIn = string | null, KeyOut = KeyIn>(
  name: Name,
  options: { value: Serde<In, Out>; key?: Serde<KeyIn, KeyOut> },
): Topic<Name, In, Out, KeyIn, KeyOut>
export function topic(name: string, options: TopicOptions): AnyTopic {
  if (typeof name !== 'string' || name === '' || name.length > nameLengthMax) {
    throw new CastellanError('OPTION_WRONG', `topic: its name must be a text of 1 to ${nameLengthMax} characters`)
  }
  const checked = checkOptions('topic', topicRules, options)
  if (checked.schema === undefined && checked.value === undefined) {
    throw new CastellanError('OPTION_WRONG', "topic: give 'schema' (values are JSON), or 'value' such as serdes.string")
  }
  return new Topic(name, checked)
}

/** Made by `topic`. `ValueIn` may be sent; `ValueOut` is what handlers get. */
export class Topic<Name extends string, ValueIn, ValueOut = ValueIn, KeyIn = string | null, KeyOut = KeyIn> {
  readonly name: Name
  readonly #schema: StandardSchema<unknown, ValueOut> | null
  readonly #value: Serde<ValueIn, unknown>
  readonly #key: Serde<KeyIn, KeyOut>

  /** @internal `topic` makes it. */
  constructor(name: Name, options: TopicOptions) {
    this.name = name
    this.#schema = (options.schema ?? null) as StandardSchema<unknown, ValueOut> | null
    this.#value = (options.value ?? serdes.json()) as Serde<ValueIn, unknown>
    this.#key = (options.key ?? serdes.string) as unknown as Serde<KeyIn, KeyOut>
  }

  /**
   * As they are stored. Throws VALUE_REFUSED (with `issues`: it does not fit the schema), SERDE_FAILED (its serde cannot store it),
   * SCHEMA_ASYNC.
   */
  encode(key: KeyIn, value: ValueIn): { key: Bytes; value: Bytes } {
    const stored = this.#serialize(this.#value, value, 'value')
    if (this.#schema !== null) this.#checked(this.#asRead(stored))
    return { key: this.#serialize(this.#key, key, 'key'), value: stored }
  }

  /** As a handler gets it. Throws MESSAGE_UNDECODABLE; its cause says why. */
  decode(message: Message): TypedMessage<Name, ValueOut, KeyOut> {
    try {
      const key = this.#deserialize(this.#key, message.key, 'key')
      const value = this.#deserialize(this.#value, message.value, 'value')
      return new TypedMessage(message, key, this.#schema === null ? (value as ValueOut) : this.#checked(value))
    } catch (cause) {
      const where = `${this.name}/${message.partition} offset ${message.offset}`
      const issues = cause instanceof CastellanError ? cause.issues : []
      const text = `${where} cannot be decoded: ${messageOf(cause)}`
      throw new CastellanError('MESSAGE_UNDECODABLE', text, { cause, issues })
    }
  }

  // ------------------------------------------------------------ inside

  #serialize<In>(serde: Serde<In, unknown>, value: In, part: SerdeAbout['part']): Bytes {
    const stored: unknown = this.#attempt(part, 'stored', () => serde.serialize(value, { topic: this.name, part }))
    if (stored === null || typeof stored === 'string' || stored instanceof Uint8Array) return stored
    throw this.#serdeFailed(part, 'stored', `its serde gave a ${typeof stored}, not bytes`)
  }

  /** What is stored, as a consumer will get it. */
  #asRead(stored: Bytes): unknown {
    return this.#deserialize(this.#value, typeof stored === 'string' ? Buffer.from(stored) : stored, 'value')
  }

  #deserialize<Out>(serde: Serde<never, Out>, bytes: Uint8Array | null, part: SerdeAbout['part']): Out {
    return this.#attempt(part, 'read', () => serde.deserialize(bytes, { topic: this.name, part }))
  }

  #attempt<T>(part: SerdeAbout['part'], done: 'stored' | 'read', call: () => T): T {
    let result: T
    try {
      result = call()
    } catch (cause) {
      throw this.#serdeFailed(part, done, messageOf(cause), cause)
    }
    if (!isPromise(result)) return result
    result.then(undefined, () => {}) // nobody waits for it
    throw this.#serdeFailed(part, done, 'its serde answers with a promise')
  }

  #serdeFailed(part: SerdeAbout['part'], done: string, why: string, cause?: unknown): CastellanError {
    return new CastellanError('SERDE_FAILED', `the ${part} of topic '${this.name}' cannot be ${done}: ${why}`, {
      cause,
    })
  }

  #checked(value: unknown): ValueOut {
    const result = checkValue(this.#schema!, value)
    if (result.fits) return result.value
    const text = `the value does not fit the schema of topic '${this.name}': ${issuesText(result.issues)}`
    throw new CastellanError('VALUE_REFUSED', text, { issues: result.issues })
  }
}
