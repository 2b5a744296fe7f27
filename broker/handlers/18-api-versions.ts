// ApiVersions (18), versions 0 to 4: what this broker speaks, made from the list of handlers. The first request of every
// client. A version that is not known is answered in version 0 with UNSUPPORTED_VERSION (KIP-511): server/dispatch.ts.
//
//   1 throttle time   3 flexible, the client's name, features   4 features whose lowest version is 0
//
// `group.version` 1 says that KIP-848 groups work. `transaction.version` and `metadata.version` come when they are true.
import { apiVersions as api, errors, type ApiVersionsResponseInput as Response } from '@castellan/protocol'
import { type Handler, handler } from './handler.ts'

/** As Kafka checks them (KIP-511). */
const softwareName = /^[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?$/
const clientSoftwareSince = 3

const features: Pick<Response, 'supportedFeatures' | 'finalizedFeaturesEpoch' | 'finalizedFeatures'> = {
  supportedFeatures: [{ name: 'group.version', minVersion: 1, maxVersion: 1 }],
  finalizedFeaturesEpoch: 0,
  finalizedFeatures: [{ name: 'group.version', minVersionLevel: 1, maxVersionLevel: 1 }],
}

/** The handler for a list of handlers that it is part of itself. */
export function apiVersions(listed: () => readonly Handler[]): Handler {
  return handler(api, ({ clientSoftwareName, clientSoftwareVersion }, { apiVersion }) => {
    const isNamed = softwareName.test(clientSoftwareName) && softwareName.test(clientSoftwareVersion)
    if (apiVersion >= clientSoftwareSince && !isNamed) return { errorCode: errors.INVALID_REQUEST.code, apiKeys: [] }
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
