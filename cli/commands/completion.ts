// `castellan completion`: the script that a shell loads, made from the command table; and `castellan names`, by which that script
// asks Castle for names while somebody waits at the prompt.
import { castleApi, castleOption, castleUrls } from '../castle-api.ts'
import type { Command, Input, Named } from '../command.ts'
import { bashScript } from '../completion/bash.ts'
import { completionModel } from '../completion/model.ts'
import { zshScript } from '../completion/zsh.ts'
import { isForeseen, UsageError } from '../errors.ts'
import { entries } from './index.ts'

const shells = { bash: bashScript, zsh: zshScript }
const nameTimeoutMs = 1_000
const namesMax = 1_000

export const completion: Command = {
  name: 'completion',
  summary: 'Prints a script that completes commands, options, and names of topics, groups and clients.',
  args: [{ name: 'SHELL', doc: 'bash or zsh.', values: ['bash', 'zsh'] }],
  options: [],
  examples: [
    { words: 'completion bash', doc: 'in ~/.bashrc: source <(castellan completion bash)' },
    { words: 'completion zsh', doc: 'in ~/.zshrc, after compinit: source <(castellan completion zsh)' },
  ],
  async run(input, io) {
    const shell = input.arg(0)
    if (shell !== 'bash' && shell !== 'zsh') throw new UsageError(`SHELL is '${shell}', but must be bash or zsh.`)
    await io.stdout.write(shells[shell](await completionModel(entries)))
    return 'done'
  },
}

/** Where each kind of name is listed, and the field that has it. */
const lists: Record<Named, { readonly path: string; readonly field: string }> = {
  topics: { path: '/api/topics', field: 'name' },
  groups: { path: '/api/groups', field: 'group' },
  clients: { path: '/api/clients', field: 'id' },
}

export const names: Command = {
  name: 'names',
  summary: 'Prints names that Castle knows, for completion; nothing when it does not answer within a second.',
  args: [{ name: 'WHAT', doc: 'topics, groups or clients.' }],
  options: [castleOption],
  examples: [],
  async run(input, io) {
    const found = await namesOf(input)
    // Others would need quoting that each shell does its own way.
    const plain = found.filter((name) => /^[\w.@%+,-]+$/.test(name))
    if (plain.length > 0) await io.stdout.write(`${plain.join('\n')}\n`)
    return 'done'
  },
}

async function namesOf(input: Input): Promise<string[]> {
  const list = Object.entries(lists).find(([what]) => what === input.arg(0))?.[1]
  if (list === undefined) throw new UsageError(`WHAT is '${input.arg(0)}', but must be topics, groups or clients.`)
  try {
    const api = castleApi(castleUrls(input), nameTimeoutMs)
    const { items } = await api.get<{ items: Record<string, unknown>[] }>(list.path, { limit: String(namesMax) })
    return items.map((item) => String(item[list.field]))
  } catch (error) {
    if (!isForeseen(error)) throw error
    return [] // a prompt is no place for an error
  }
}
