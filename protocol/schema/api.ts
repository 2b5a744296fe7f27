// An API of the Kafka protocol: a key, the versions we speak, and both its messages with the code to read and write
// them. That code is made when a version is first used, so a process pays only for the versions its peers speak.
import { compileDecoder, compileEncoder, type Decode, type Encode } from './compile.ts'
import { missingField } from './missing.ts'
import { ProtocolError } from './protocol-error.ts'
import type { Reader } from './reader.ts'
import type { Fields, StructIn, StructOut } from './types.ts'
import type { Writer } from './writer.ts'

/** One side of an API: its request or its response. */
export interface Codec<F extends Fields = Fields> {
  readonly fields: F
  /** Reads the message, and stops after it. Throws ProtocolError for whatever is not one. */
  decode(reader: Reader, version: number): StructOut<F>
  /** Throws ProtocolError for a value that this version cannot say; the writer is of no use then. */
  encode(writer: Writer, version: number, value: StructIn<F>): void
}

export interface Api<Q extends Fields = Fields, S extends Fields = Fields> {
  readonly key: number
  readonly name: string
  /** First and last, inclusive. */
  readonly versions: readonly [number, number]
  readonly request: Codec<Q>
  readonly response: Codec<S>
  /** Whether the version has compact lengths and tagged fields (KIP-482). */
  isFlexible(version: number): boolean
}

/** Any API, for lists of them. */
export type AnyApi = Api

export type RequestOf<A extends Api> = StructOut<A['request']['fields']>
export type ResponseOf<A extends Api> = StructOut<A['response']['fields']>
/** What may be given to encode: fields with a default may be left out. */
export type RequestInput<A extends Api> = StructIn<A['request']['fields']>
export type ResponseInput<A extends Api> = StructIn<A['response']['fields']>

export interface ApiDefinition<Q extends Fields, S extends Fields> {
  readonly versions: readonly [number, number]
  /** The first flexible version; `Infinity`: none. */
  readonly flexible: number
  readonly request: Q
  readonly response: S
}

export function api<Q extends Fields, S extends Fields>(
  key: number,
  name: string,
  definition: ApiDefinition<Q, S>,
): Api<Q, S> {
  const { versions, flexible, request, response } = definition
  return {
    key,
    name,
    versions,
    request: codec(`${name} request`, versions, flexible, request),
    response: codec(`${name} response`, versions, flexible, response),
    isFlexible: (version) => version >= flexible,
  }
}

function codec<F extends Fields>(
  what: string,
  versions: readonly [number, number],
  flexible: number,
  fields: F,
): Codec<F> {
  const decoders: Decode[] = []
  const encoders: Encode[] = []
  const check = (version: number) => {
    if (Number.isInteger(version) && version >= versions[0] && version <= versions[1]) return
    throw new ProtocolError(
      'UNSUPPORTED_VERSION',
      `${what}: version ${version} is not among ${versions[0]} to ${versions[1]}`,
    )
  }
  const compiled = <T>(
    made: T[],
    version: number,
    compile: (fields: Fields, at: { version: number; flexible: boolean }) => T,
  ): T => {
    check(version)
    const one = compile(fields, { version, flexible: version >= flexible })
    made[version] = one
    return one
  }
  return {
    fields,
    decode(reader, version) {
      const decode = decoders[version] ?? compiled(decoders, version, compileDecoder)
      try {
        return decode(reader) as StructOut<F>
      } catch (error) {
        throw error instanceof ProtocolError ? error.within(`${what} v${version}`) : error
      }
    },
    encode(writer, version, value) {
      const encode = encoders[version] ?? compiled(encoders, version, compileEncoder)
      try {
        encode(writer, value)
      } catch (error) {
        const missing = missingField(fields, value, version)
        if (missing !== undefined)
          throw new ProtocolError('NULL', `${what} v${version}: ${missing} is missing`, { cause: error })
        throw error instanceof ProtocolError ? error.within(`${what} v${version}`) : error
      }
    },
  }
}
