// From a frame to the handler that answers it, or to what is done instead. As Kafka does:
//
//   ApiVersions of a version that is not known     answered in version 0 with UNSUPPORTED_VERSION and the ranges,
//                                                  so that a newer client can ask again (KIP-511)
//   any other unknown API or version               the connection is closed: its answer's shape is not known
//   bytes that are no request                      the connection is closed
import { decodeRequestHeader, encodeResponse, type Frame, Reader, type RequestHeader } from '@castellan/protocol'
import { refusedApiVersions } from '../handlers/18-api-versions.ts'
import type { Handler } from '../handlers/handler.ts'

const apiVersionsKey = 18

export type Incoming =
  | { readonly kind: 'request'; readonly handler: Handler; readonly header: RequestHeader; readonly request: unknown }
  | { readonly kind: 'answer'; readonly header: RequestHeader; readonly chunks: Uint8Array[] }
  | { readonly kind: 'refused'; readonly reason: string }

/** Handlers by API key. */
export type HandlerTable = readonly (Handler | undefined)[]

export function handlerTable(handlers: readonly Handler[]): HandlerTable {
  const table: (Handler | undefined)[] = []
  for (const handler of handlers) table[handler.api.key] = handler
  return table
}

/** Throws ProtocolError when the frame is no request. The request's bytes fields point into the frame. */
export function readRequest(table: HandlerTable, frame: Frame): Incoming {
  const reader = new Reader(frame.slab.bytes, frame.start, frame.end)
  const header = decodeRequestHeader(reader)
  const { apiKey, apiVersion } = header
  const handler = table[apiKey]
  if (!handler) return { kind: 'refused', reason: `API ${apiKey} is not known` }
  const { api } = handler
  if (apiVersion < api.versions[0] || apiVersion > api.versions[1]) {
    if (apiKey !== apiVersionsKey) return { kind: 'refused', reason: `${api.name} version ${apiVersion} is not known` }
    const chunks = encodeResponse(api, 0, header.correlationId, refusedApiVersions())
    return { kind: 'answer', header, chunks }
  }
  return { kind: 'request', handler, header, request: api.request.decode(reader, apiVersion) }
}
