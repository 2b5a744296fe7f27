// DescribeConfigs (32), versions 1 to 4: the settings of topics and of this broker, from their tables, with defaults.
//
//   1 sources and synonyms   3 types and documentation   4 flexible
import {
  describeConfigs as api,
  type DescribeConfigsRequest as Request,
  type DescribeConfigsResponseInput as Response,
  replicationFactorOf,
} from '@castellan/protocol'
import { brokerSettings } from '../config.ts'
import {
  type ConfigAnswer,
  describeBrokerConfigs,
  describeIncarnation,
  describeTopicConfigs,
  otherBroker,
  resourceTypes,
  withoutSettings,
} from './configs.ts'
import { type BrokerParts, handler } from './handler.ts'
import { unknownNameError } from './lookup.ts'

type Resource = Request['resources'][number]
type Result = Response['results'][number]

export const describeConfigs = handler(api, ({ resources, includeSynonyms, includeDocumentation }, { broker }) => ({
  results: resources.map((resource) => {
    const found = settingsOf(broker, resource)
    const { resourceType, resourceName, configurationKeys } = resource
    if (!Array.isArray(found)) {
      broker.counters.error(api.key, found.errorCode)
      return { ...found, resourceType, resourceName, configs: [] } satisfies Result
    }
    const configs = found
      .filter(({ name }) => configurationKeys === null || configurationKeys.includes(name))
      .map(({ documentation, synonyms, ...config }) => ({
        ...config,
        synonyms: includeSynonyms ? synonyms : [],
        documentation: includeDocumentation ? documentation : null,
      }))
    return { errorCode: 0, errorMessage: null, resourceType, resourceName, configs } satisfies Result
  }),
}))

function settingsOf(
  broker: BrokerParts,
  { resourceType, resourceName }: Resource,
): ConfigAnswer[] | { errorCode: number; errorMessage: string } {
  if (resourceType === resourceTypes.topic) {
    const topic = broker.metadata.topicNamed(resourceName)
    if (topic) return describeTopicConfigs(topic.configs, replicationFactorOf(topic.partitions[0] ?? { replicas: [] }))
    return { errorCode: unknownNameError(broker, resourceName), errorMessage: `there is no topic ${resourceName}` }
  }
  if (resourceType === resourceTypes.broker) {
    if (resourceName === String(broker.config.brokerId)) {
      return [...describeBrokerConfigs(brokerSettings, broker.config), describeIncarnation(broker.castle.incarnation)]
    }
    // What is set for all brokers together: nothing, each has its own config.
    if (resourceName === '') return []
    return otherBroker(broker.config, resourceName)
  }
  return withoutSettings(resourceType)
}
