// What stands before a message, and whole messages as they go out.
//
//   request    length | api key, version, correlation id, client id | tagged fields, in flexible versions | body
//   response   length | correlation id                              | tagged fields, in flexible versions | body
//
// The client id is a string with a 2-byte length even in flexible versions. ApiVersions is answered without tagged
// fields at every version: a client asks before it knows what the broker speaks.
import { apis } from '../messages/index.ts'
import { type AnyApi, type Api, type Fields, type Reader, type StructIn, Writer } from '../schema/index.ts'

export interface RequestHeader {
  readonly apiKey: number
  readonly apiVersion: number
  readonly correlationId: number
  readonly clientId: string | null
}

/** Reads a request's header; of an API that is not known, only as far as it can be. */
export function decodeRequestHeader(reader: Reader): RequestHeader {
  const apiKey = reader.int16()
  const apiVersion = reader.int16()
  const correlationId = reader.int32()
  const clientId = reader.nullableString()
  if (apis.get(apiKey)?.isFlexible(apiVersion)) reader.skipTags()
  return { apiKey, apiVersion, correlationId, clientId }
}

/** Reads the header of the answer to a request of this API and version. */
export function decodeResponseHeader(reader: Reader, api: AnyApi, version: number): { correlationId: number } {
  const correlationId = reader.int32()
  if (hasResponseTags(api, version)) reader.skipTags()
  return { correlationId }
}

/** A request as it goes out. Large byte fields are not copied: they must not change until all is sent. */
export function encodeRequest<Q extends Fields, S extends Fields>(
  api: Api<Q, S>,
  version: number,
  header: { correlationId: number; clientId: string | null },
  body: StructIn<Q>,
): Uint8Array[] {
  const writer = new Writer()
  writer.int32(0) // the length, set by frame()
  writer.int16(api.key)
  writer.int16(version)
  writer.int32(header.correlationId)
  writer.nullableString(header.clientId)
  if (api.isFlexible(version)) writer.uvarint(0)
  api.request.encode(writer, version, body)
  return writer.frame()
}

/** A response as it goes out. Large byte fields are not copied: they must not change until all is sent. */
export function encodeResponse<Q extends Fields, S extends Fields>(
  api: Api<Q, S>,
  version: number,
  correlationId: number,
  body: StructIn<S>,
): Uint8Array[] {
  const writer = new Writer()
  writer.int32(0) // the length, set by frame()
  writer.int32(correlationId)
  if (hasResponseTags(api, version)) writer.uvarint(0)
  api.response.encode(writer, version, body)
  return writer.frame()
}

const apiVersionsKey = 18

function hasResponseTags(api: AnyApi, version: number): boolean {
  return api.key !== apiVersionsKey && api.isFlexible(version)
}
