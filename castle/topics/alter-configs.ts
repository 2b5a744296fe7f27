// Single settings of a topic are altered, as Kafka's clients ask for it (KIP-339): set, taken back to the default, or, where one is a list, with
// some items more or fewer. What comes of it is a change of the topic as any other (change.ts), checked and recorded as that.
//
// Who asks for what is so already changes nothing, also of the platform's own topics and of one in doubt: Kafka's tools
// clear throttles, whether there are any or not.
import type { AlterConfigsArgs, AlteredConfigs } from '@castellan/protocol/heartbeat'
import { topicSettings, unknownSetting } from '@castellan/protocol/settings'
import { CastleError } from '../errors.ts'
import type { Draft } from '../state/draft.ts'
import type { Topic } from '../state/entities.ts'
import { changeTopic, drawChange, livingTopic } from './change.ts'
import { Problems, refuse } from './problems.ts'

type ConfigChange = AlterConfigsArgs['changes'][number]

/** Throws a CastleError when something is wrong with it. With `validateOnly` nothing is put. */
export function alterConfigs(draft: Draft, cluster: string, args: AlterConfigsArgs): AlteredConfigs {
  const topic = livingTopic(draft, cluster, args.topic)
  const configs = changedConfigs(topic.configs, args.changes)
  if (Object.keys(configs).length === 0) return alteredConfigs(topic)
  if (args.validateOnly !== true) return alteredConfigs(changeTopic(draft, cluster, topic.name, { configs }))
  refuse(drawChange(draft, topic, { configs }).problems)
  return alteredConfigs(topic)
}

function alteredConfigs({ topicId, configs }: Topic): AlteredConfigs {
  return { topicId, configs: { ...configs } }
}

/** Those that would be others than before; null: back to the default. Throws what is wrong, all of it in one error. */
export function changedConfigs(
  before: Readonly<Record<string, string>>,
  changes: readonly ConfigChange[],
): Record<string, string | null> {
  const problems = new Problems()
  const changed = changes.flatMap((change): [string, string | null][] => {
    const { name } = change
    const present = Object.hasOwn(before, name) ? before[name]! : null
    const next = problems.attempt(`configs.${name}`, () => valueAfter(present, change))
    return next === undefined || next === present ? [] : [[name, next]]
  })
  refuse(problems.found)
  return Object.fromEntries(changed)
}

function valueAfter(present: string | null, change: ConfigChange): string | null {
  const { name, operation } = change
  if (operation === 'set') return change.value
  const setting = topicSettings.get(name)
  if (operation === 'delete') {
    // One that is set may be taken back, even if it came from a newer release.
    if (setting === undefined && present === null) throw wrong(name, '', unknownSetting(name))
    return null
  }
  const { value } = change
  if (setting === undefined) throw wrong(name, value, unknownSetting(name))
  if (setting.type !== 'list') {
    throw wrong(name, value, `${name} is no list: it can be set or deleted, but has no items to ${operation}`)
  }
  const [items, named] = [itemsOf(present ?? setting.default), itemsOf(value)]
  const next =
    operation === 'append' ? [...new Set([...items, ...named])] : items.filter((item) => !named.includes(item))
  return next.length === items.length ? present : next.join(',')
}

function itemsOf(list: string): string[] {
  return list
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
}

function wrong(name: string, value: string, problem: string): CastleError {
  const params = { name, value: value.slice(0, 300), problem: problem.slice(0, 1_000) }
  return new CastleError('TOPIC_SETTING_WRONG', problem, { params })
}
