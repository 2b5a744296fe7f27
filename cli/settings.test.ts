import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type Command, parse } from './command.ts'
import { collectSettings, type ProcessSettings, parseSettings, settingOptions, variableOf } from './settings.ts'

const text = { expected: 'a text', format: (value: never) => String(value) }
const table: ProcessSettings['table'] = {
  nodeId: { name: 'node.id', doc: 'The id.', type: text },
  listen: { name: 'listen', doc: 'Where.', type: text, default: '127.0.0.1:1' },
  rack: { name: 'broker.rack', doc: 'The rack.', type: text, default: null },
}
const broker: ProcessSettings = { name: 'broker', prefix: 'CASTELLAN_BROKER_', table }
const command: Command = {
  name: 'broker',
  summary: '',
  options: settingOptions(broker),
  examples: [],
  run: async () => 'done',
}

test('flags win over the environment, and that over the file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'castellan-settings-'))
  try {
    const file = join(folder, 'broker.properties')
    writeFileSync(file, '# a broker\nnode.id = 1\nlisten=file:1\n\nbroker.rack=file\n')
    const input = parse(command, ['--config', file, '--node.id', '3'])
    const environment = { CASTELLAN_BROKER_NODE_ID: '2', CASTELLAN_BROKER_LISTEN: 'environment:1', OTHER: 'x' }
    expect(collectSettings(broker, input, environment)).toEqual({
      'node.id': '3',
      listen: 'environment:1',
      'broker.rack': 'file',
    })
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('what is not given is left to the table of the process', () => {
  expect(collectSettings(broker, parse(command, []), {})).toEqual({})
})

test('a variable with the prefix that names no setting is refused', () => {
  const environment = { CASTELLAN_BROKER_NODEID: '2' }
  expect(() => collectSettings(broker, parse(command, []), environment)).toThrow(
    "CASTELLAN_BROKER_NODEID='2', which names no setting: did you mean CASTELLAN_BROKER_NODE_ID?",
  )
})

test('a file that cannot be read, and lines that say nothing', () => {
  const input = parse(command, ['--config', '/nowhere/at/all'])
  expect(() => collectSettings(broker, input, {})).toThrow('Cannot read the settings file /nowhere/at/all (ENOENT)')
  const names = ['node.id', 'a']
  expect(() => parseSettings('node.id 3', 'f', names)).toThrow("f:1 is 'node.id 3', but must be name=value")
  expect(() => parseSettings('a=1\na=2', 'f', names)).toThrow('f:2 sets a a second time')
  expect(() => parseSettings('\nnodeid=1', 'f', names)).toThrow("f:2 sets nodeid to '1': did you mean node.id?")
  expect(() => parseSettings('zk=1', 'f', names)).toThrow('known are node.id, a')
  expect(parseSettings('a=b=c', 'f', names)).toEqual({ a: 'b=c' })
})

test('the variable of a setting', () => {
  expect(variableOf('CASTELLAN_BROKER_', 'group.castle.grace.ms')).toBe('CASTELLAN_BROKER_GROUP_CASTLE_GRACE_MS')
})
