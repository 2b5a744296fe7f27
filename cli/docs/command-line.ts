// docs/command-line.md, made from the command table.
import { type Command, globalOptions, type Option } from '../command.ts'
import { entries } from '../commands/index.ts'
import { exitCodes } from '../errors.ts'
import { exampleText, usageOf } from '../help.ts'
import { cell, generated, row } from './markdown.ts'

/** Commands whose options are the settings of a process: configuration.md has those. */
const processes = ['castle', 'broker']

export async function commandLinePage(): Promise<string> {
  const shown = entries.filter(({ hidden }) => hidden !== true)
  const commands = await Promise.all(shown.map(({ load }) => load()))
  return [
    generated,
    '# The command line',
    '',
    '    npm run castellan -- <command>     npx castellan <command>     (in this folder; elsewhere: castellan <command>)',
    '',
    'Tables are for people: on a terminal a row is one line, cut where it does not fit; in a pipe all of it stands. `--json` is for',
    'programs: one line of JSON, or one for each message. Colours appear on a terminal only; `FORCE_COLOR` and `NO_COLOR` are heeded,',
    'and `--no-color` wins over both. `CASTELLAN_CASTLE` says where Castle is. What changes or deletes something shows first what will',
    'happen and asks; where nobody can be asked it wants `--yes`.',
    '',
    '## Exit codes',
    '',
    row(['Code', 'Meaning']),
    row(['---', '---']),
    ...Object.values(exitCodes).map(({ code, doc }) => row([String(code), doc])),
    '',
    '## Completion',
    '',
    '    source <(castellan completion bash)    # in ~/.bashrc',
    '    source <(castellan completion zsh)     # in ~/.zshrc, after compinit',
    '',
    'Names of topics, groups and clients are asked of Castle, which has a second to answer.',
    '',
    '## Commands',
    '',
    ...shown.map(({ name, summary }) => `- [${name}](#${name.replaceAll(' ', '-')}): ${summary}`),
    ...commands.flatMap((command) => ['', ...commandSection(command)]),
    '',
    '## Every command',
    '',
    ...optionTable(globalOptions),
    '',
  ].join('\n')
}

function commandSection(command: Command): string[] {
  const { name, summary, args = [], options, examples, more } = command
  const isProcess = processes.includes(name)
  const rows = [...args.map((arg) => row([`\`${arg.name}\``, cell(arg.doc)])), ...options.map(optionRow)]
  return [
    `### ${name}`,
    '',
    `\`${usageOf(command)}\``,
    '',
    summary,
    '',
    ...(isProcess
      ? ['Its options are its settings: see [configuration.md](configuration.md).', '']
      : [head, line, ...rows, '']),
    ...examples.flatMap((example) => [`    # ${example.doc}`, `    ${exampleText(example)}`]),
    ...(more === undefined || isProcess ? [] : ['', more]),
  ]
}

const head = row(['Option', 'Meaning'])
const line = row(['---', '---'])

function optionTable(options: readonly Option[]): string[] {
  return [head, line, ...options.map(optionRow)]
}

/** Where Castle is may stand in the environment of whoever makes this page. */
function optionRow({ name, value, doc, default: byDefault }: Option): string {
  const shown = name === 'castle' ? 'http://127.0.0.1:8600' : byDefault
  const withDefault = shown === undefined ? doc : `${doc} Default: \`${shown}\`.`
  return row([`\`--${name}${value === undefined ? '' : ` ${value}`}\``, cell(withDefault)])
}
