import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type Command, parse } from './command.ts'
import { collectSettings, parseSettings, settingOptions, variableOf } from './settings.ts'

const text = { expected: 'a text', format: (value: never) => String(value) }
const table = {
  nodeId: { name: 'node.id', doc: 'The id.', type: text },
  listen: { name: 'listen', doc: 'Where.', type: text, default: '127.0.0.1:1' },
  rack: { name: 'broker.rack', doc: 'The rack.', type: text, default: null },
}
const command: Command = {
  name: 'broker',
  summary: '',
  options: [{ name: 'config', value: 'FILE', doc: '' }, ...settingOptions(table)],
  run: async () => {},
}

test('flags win over the environment, and that over the file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'castellan-settings-'))
  try {
    const file = join(folder, 'broker.properties')
    writeFileSync(file, '# a broker\nnode.id = 1\nlisten=file:1\n\nbroker.rack=file\n')
    const input = parse(command, ['--config', file, '--node.id', '3'])
    const environment = { CASTELLAN_BROKER_NODE_ID: '2', CASTELLAN_BROKER_LISTEN: 'environment:1', OTHER: 'x' }
    expect(collectSettings(table, input, 'CASTELLAN_BROKER_', environment)).toEqual({
      'node.id': '3',
      listen: 'environment:1',
      'broker.rack': 'file',
    })
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('what is not given is left to the table of the process', () => {
  expect(collectSettings(table, parse(command, []), 'CASTELLAN_BROKER_', {})).toEqual({})
})

test('a variable with the prefix that names no setting is refused', () => {
  const environment = { CASTELLAN_BROKER_NODEID: '2' }
  expect(() => collectSettings(table, parse(command, []), 'CASTELLAN_BROKER_', environment)).toThrow(
    "CASTELLAN_BROKER_NODEID='2'",
  )
})

test('a file that cannot be read, and lines that say nothing', () => {
  const input = parse(command, ['--config', '/nowhere/at/all'])
  expect(() => collectSettings(table, input, 'X_', {})).toThrow(
    'Cannot read the settings file /nowhere/at/all (ENOENT)',
  )
  expect(() => parseSettings('node.id 3', 'f')).toThrow("f:1 is 'node.id 3', but must be name=value")
  expect(() => parseSettings('a=1\na=2', 'f')).toThrow('f:2 sets a a second time')
  expect(parseSettings('a=b=c', 'f')).toEqual({ a: 'b=c' })
})

test('the variable of a setting', () => {
  expect(variableOf('CASTELLAN_BROKER_', 'group.castle.grace.ms')).toBe('CASTELLAN_BROKER_GROUP_CASTLE_GRACE_MS')
})
