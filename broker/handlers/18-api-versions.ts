// ApiVersions (18), versions 0 to 5: what this broker speaks, made from the list of handlers. The first request of every
// client. A version that is not known is answered in version 0 with UNSUPPORTED_VERSION (KIP-511): server/dispatch.ts.
//
//   1 throttle time   3 flexible, the client's name, features   4 features whose lowest version is 0
//   5 a client that means another broker, or another cluster, was led astray (by DNS, a proxy): it starts from its
//     bootstrap addresses again, before it asks anything of a stranger (KIP-1242)
//
// `group.version` 1 says that KIP-848 groups work. `transaction.version` and `metadata.version` come when they are true.
import {
  apiVersions as api,
  errors,
  type ApiVersionsRequest as Request,
  type ApiVersionsResponseInput as Response,
} from '@castellan/protocol'
import { type BrokerParts, type Handler, handler } from './handler.ts'
import { clusterIdOf } from './lookup.ts'

/** As Kafka checks them (KIP-511). */
const softwareName = /^[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?$/
const clientSoftwareSince = 3
const noNode = -1

const features: Pick<Response, 'supportedFeatures' | 'finalizedFeaturesEpoch' | 'finalizedFeatures'> = {
  supportedFeatures: [{ name: 'group.version', minVersion: 1, maxVersion: 1 }],
  finalizedFeaturesEpoch: 0,
  finalizedFeatures: [{ name: 'group.version', minVersionLevel: 1, maxVersionLevel: 1 }],
}

/** The handler for a list of handlers that it is part of itself. */
export function apiVersions(listed: () => readonly Handler[]): Handler {
  return handler(api, (request, { apiVersion, broker }) => {
    if (!isValid(request, apiVersion)) return { errorCode: errors.INVALID_REQUEST.code, apiKeys: [] }
    if (isAstray(request, broker)) return { errorCode: errors.REBOOTSTRAP_REQUIRED.code, apiKeys: [] }
    return { errorCode: 0, apiKeys: listed().map(rangeOf), ...features }
  })
}

/** The answer to a version that is not known: which it may ask instead. */
export function refusedApiVersions(): Response {
  const [minVersion, maxVersion] = api.versions
  return { errorCode: errors.UNSUPPORTED_VERSION.code, apiKeys: [{ apiKey: api.key, minVersion, maxVersion }] }
}

function rangeOf({ api }: Handler): Response['apiKeys'][number] {
  return { apiKey: api.key, minVersion: api.versions[0], maxVersion: api.versions[1] }
}

/** As Kafka checks it: what is named is named well, and a broker only together with its cluster. */
function isValid(request: Request, apiVersion: number): boolean {
  const { clientSoftwareName, clientSoftwareVersion, clusterId, nodeId } = request
  if ((clusterId === null) !== (nodeId === noNode)) return false
  return (
    apiVersion < clientSoftwareSince ||
    [clientSoftwareName, clientSoftwareVersion].every((one) => softwareName.test(one))
  )
}

/** By what Metadata told the client. Before v5 nobody says whom it means. */
function isAstray({ clusterId, nodeId }: Request, broker: BrokerParts): boolean {
  if (clusterId === null) return false
  return clusterId !== clusterIdOf(broker) || nodeId !== broker.config.brokerId
}
