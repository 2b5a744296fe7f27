// Settings as Kafka's admin APIs show them: each with where its value comes from, its type, and what it is for.

import { errors } from '@castellan/protocol'
import type { Setting } from '@castellan/protocol/config'
import { incarnationConfig } from '@castellan/protocol/heartbeat'
import { describeTopicConfigs as describe, kafkaTypes } from '@castellan/protocol/settings'
import type { BrokerConfig } from '../config.ts'

/** Kafka's numbers for where a value comes from. */
const source = { topic: 1, staticBroker: 4, default: 5 } as const

/** Kafka's numbers for what has settings. */
export const resourceTypes = { topic: 2, broker: 4 } as const

/** Why the settings of a resource cannot be told, or altered. Kafka's code. */
export interface ResourceRefusal {
  readonly errorCode: number
  readonly errorMessage: string
}

export function otherBroker({ brokerId }: BrokerConfig, resourceName: string): ResourceRefusal {
  const errorMessage = `this is broker ${brokerId}: ask broker ${resourceName} itself`
  return { errorCode: errors.INVALID_REQUEST.code, errorMessage }
}

export function withoutSettings(resourceType: number): ResourceRefusal {
  const errorMessage = `resources of type ${resourceType} have no settings here`
  return { errorCode: errors.INVALID_REQUEST.code, errorMessage }
}

export interface ConfigAnswer {
  readonly name: string
  readonly value: string | null
  readonly readOnly: boolean
  readonly configSource: number
  readonly isSensitive: boolean
  readonly synonyms: { name: string; value: string | null; source: number }[]
  readonly configType: number
  readonly documentation: string
}

/** All settings of a topic of so many replicas, whose own ones are `configs`. */
export function describeTopicConfigs(
  configs: Readonly<Record<string, string>>,
  replicationFactor: number,
): ConfigAnswer[] {
  return describe(configs, replicationFactor).map(
    ({ name, value, configSource, configType, readOnly, documentation }) => ({
      name,
      value,
      readOnly,
      configSource,
      isSensitive: false,
      synonyms: [{ name, value, source: configSource }],
      configType,
      documentation,
    }),
  )
}

/** All settings of a broker: read at its start, from flags, environment or file, or by default. */
export function describeBrokerConfigs(
  table: Readonly<Record<string, Setting<unknown>>>,
  config: BrokerConfig,
): ConfigAnswer[] {
  return Object.entries(table).map(([key, { name, type, doc, default: byDefault }]) => {
    const given = (config as Readonly<Record<string, unknown>>)[key]
    const value = given === null ? null : type.format(given as never)
    const isDefault =
      byDefault !== undefined && (byDefault === null ? given === null : type.format(byDefault as never) === value)
    const configSource = isDefault ? source.default : source.staticBroker
    return {
      name,
      value,
      readOnly: true,
      configSource,
      isSensitive: false,
      synonyms: [{ name, value, source: configSource }],
      configType: type.kafkaType,
      documentation: doc,
    }
  })
}

/**
 * Which process answers at this address. Castle asks when the broker registers: should its link break then and its address refuse
 * connections, that very process is gone (S1).
 */
export function describeIncarnation(incarnation: string): ConfigAnswer {
  const name = incarnationConfig
  return {
    name,
    value: incarnation,
    readOnly: true,
    configSource: source.staticBroker,
    isSensitive: false,
    synonyms: [{ name, value: incarnation, source: source.staticBroker }],
    configType: kafkaTypes.string,
    documentation: 'Names this process of the broker; another one with each start.',
  }
}
