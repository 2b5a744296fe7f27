// docs/configuration.md, made from the tables that the processes themselves read their settings by.
import { topicSettings } from '@castellan/protocol/settings'
import { brokerProcess } from '../commands/broker.ts'
import { castleProcess } from '../commands/castle.ts'
import { type ProcessSettings, type SettingRow, variableOf } from '../settings.ts'
import { cell, generated, row } from './markdown.ts'

export function configurationPage(): string {
  return [
    generated,
    '# Configuration',
    '',
    'A process takes each of its settings from three places, always under the same name; the later wins:',
    '',
    '1. a file, `--config FILE`: one `name=value` a line, and lines that begin with `#` are comments;',
    '2. the environment: the name in capitals with `_` for everything else, after the prefix of the process;',
    '3. flags: `--name value`.',
    '',
    'An unknown name or a wrong value stops the start, with the name, the value and what would be right. `castellan start` runs Castle',
    'and brokers of one machine with these defaults; its own options are in [command-line.md](command-line.md).',
    '',
    'Where something else fills the environment, its names must not begin with a prefix: Kubernetes does that for a service called',
    '`castellan-castle` unless the pod says `enableServiceLinks: false`.',
    '',
    ...processSection(castleProcess, 'castellan castle'),
    '',
    'Without `console.dir` `castellan castle` serves the console that was built beside it, where there is one.',
    '',
    ...processSection(brokerProcess, 'castellan broker'),
    '',
    '## Topics',
    '',
    "Settings of a topic, by Kafka's names: `castellan topic create orders --config retention.ms=3600000`. A topic's ack level is no setting",
    'of this list; it is `--ack-level`. What this version does not honour is taken at its default only, so that nobody believes otherwise.',
    '',
    row(['Name', 'Default', 'Must be', 'What it does']),
    row(['---', '---', '---', '---']),
    ...[...topicSettings.values()].map(({ name, default: byDefault, expected, doc, honoured }) =>
      row([`\`${name}\``, `\`${byDefault}\``, cell(expected), cell(honoured ? doc : `${doc} Not honoured yet.`)]),
    ),
    '',
  ].join('\n')
}

function processSection({ name, prefix, table }: ProcessSettings, call: string): string[] {
  const rows = Object.values(table)
  return [
    `## ${name === 'castle' ? 'Castle' : 'A broker'}`,
    '',
    `\`${call}\`; variables begin with \`${prefix}\`. Without a default a setting has to be given.`,
    '',
    row(['Name', 'Variable', 'Default', 'Must be', 'What it does']),
    row(['---', '---', '---', '---', '---']),
    row([
      '`config`',
      `\`${variableOf(prefix, 'config')}\``,
      '',
      'a path',
      'The file of settings; not itself a line of it.',
    ]),
    ...rows.map((setting) =>
      row([
        `\`${setting.name}\``,
        `\`${variableOf(prefix, setting.name)}\``,
        defaultOf(setting),
        cell(setting.type.expected),
        cell(setting.doc),
      ]),
    ),
  ]
}

function defaultOf({ type, default: byDefault }: SettingRow): string {
  if (byDefault === undefined) return '**required**'
  return byDefault === null ? 'not set' : `\`${type.format(byDefault as never)}\``
}
