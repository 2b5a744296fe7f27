// ApiVersions: what the other side speaks. The first request of every client.
//
// 3: flexible, the client's name, features   4: features whose lowest version is 0
// 5: which broker of which cluster the client means to reach, both or neither (KIP-1242, Kafka 4.4)
// Its response has header version 0 at every version, and a request version that is not known is answered in the
// format of version 0 with error 35: the client cannot know yet what we speak.
import {
  api,
  array,
  boolean,
  int16,
  int32,
  int64,
  nullableString,
  type RequestInput,
  type RequestOf,
  type ResponseInput,
  type ResponseOf,
  string,
} from '../schema/index.ts'

export const apiVersions = api(18, 'ApiVersions', {
  versions: [0, 5],
  flexible: 3,
  request: {
    clientSoftwareName: string.since(3),
    clientSoftwareVersion: string.since(3),
    clusterId: nullableString.since(5, null),
    nodeId: int32.since(5, -1),
  },
  response: {
    errorCode: int16,
    apiKeys: array({ apiKey: int16, minVersion: int16, maxVersion: int16 }),
    throttleTimeMs: int32.since(1),
    supportedFeatures: array({ name: string, minVersion: int16, maxVersion: int16 }).tagged(0, 3, []),
    finalizedFeaturesEpoch: int64.tagged(1, 3, -1),
    finalizedFeatures: array({ name: string, maxVersionLevel: int16, minVersionLevel: int16 }).tagged(2, 3, []),
    zkMigrationReady: boolean.tagged(3, 3, false),
  },
})

export type ApiVersionsRequest = RequestOf<typeof apiVersions>
export type ApiVersionsRequestInput = RequestInput<typeof apiVersions>
export type ApiVersionsResponse = ResponseOf<typeof apiVersions>
export type ApiVersionsResponseInput = ResponseInput<typeof apiVersions>
