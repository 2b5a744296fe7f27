// What is wrong with a topic's settings, and how they are described to Kafka's clients.
import { defaultOf, topicSettings } from './topic-settings.ts'
import { kafkaTypes } from './types.ts'

export interface ConfigProblem {
  readonly name: string
  readonly value: string
  /** One sentence with the name, the value and what would be right. */
  readonly problem: string
}

/**
 * What is wrong with a topic's settings; empty when all is right. With `replicationFactor`, that more replicas have
 * to be in sync than there are is wrong too.
 */
export function checkTopicConfigs(
  configs: Readonly<Record<string, string>>,
  options: { replicationFactor?: number } = {},
): ConfigProblem[] {
  const problems: ConfigProblem[] = []
  for (const [name, value] of Object.entries(configs)) {
    const setting = topicSettings.get(name)
    if (setting === undefined) {
      problems.push({ name, value, problem: unknownSetting(name) })
    } else if (setting.parse(value) === undefined) {
      problems.push({ name, value, problem: `${name}=${value} cannot be honoured: it must be ${setting.expected}` })
    }
  }
  const { replicationFactor } = options
  const name = 'min.insync.replicas'
  const value = Object.hasOwn(configs, name) ? configs[name]! : ''
  const minInsync = topicSettings.get(name)?.parse(value)
  if (replicationFactor !== undefined && Number(minInsync) > replicationFactor) {
    const problem = `${name}=${value} can never be met: it must be at most ${replicationFactor}, the topic's replication factor`
    problems.push({ name, value, problem })
  }
  return problems
}

/** What to say of a name that no topic setting has. */
export function unknownSetting(name: string): string {
  const known = [...topicSettings.values()].filter(({ honoured }) => honoured).map((one) => one.name)
  return `${name} is no topic setting: there are ${known.join(', ')}`
}

export interface DescribedConfig {
  readonly name: string
  readonly value: string
  readonly isDefault: boolean
  /** As DescribeConfigs numbers it: 1 set on the topic, 5 Kafka's default. */
  readonly configSource: 1 | 5
  /** As DescribeConfigs numbers it: 1 boolean, 2 string, 3 int, 5 long, 6 double, 7 list. */
  readonly configType: number
  /** It has this value only. */
  readonly readOnly: boolean
  readonly documentation: string
}

/** Each setting of a topic of so many replicas, whether set or not, as DescribeConfigs answers it. */
export function describeTopicConfigs(
  configs: Readonly<Record<string, string>>,
  replicationFactor: number,
): DescribedConfig[] {
  return [...topicSettings.values()].map((setting) => {
    const own = Object.hasOwn(configs, setting.name)
    return {
      name: setting.name,
      value: own ? configs[setting.name]! : defaultOf(setting, replicationFactor),
      isDefault: !own,
      configSource: own ? 1 : 5,
      configType: kafkaTypes[setting.type],
      readOnly: !setting.honoured,
      documentation: setting.honoured ? setting.doc : `${setting.doc} Must be ${setting.expected}.`,
    }
  })
}
