import { describe, expect, test } from 'vitest'
import { advertisedAddress, type BrokerConfig, brokerConfig, brokerSettings, parseBrokerConfig } from './config.ts'
import { BrokerError } from './errors.ts'

const texts = { 'node.id': '1', castle: 'http://127.0.0.1:8600', 'log.dir': '/data' }

function refusal(task: () => unknown): BrokerError {
  try {
    task()
  } catch (error) {
    if (error instanceof BrokerError) return error
    throw error
  }
  throw new Error('it was not refused')
}

test('names of settings are unique, and each reads what it writes', () => {
  const settings = Object.values(brokerSettings)
  expect(new Set(settings.map(({ name }) => name)).size).toBe(settings.length)
  const config = parseBrokerConfig({ ...texts, 'broker.rack': 'r1', 'metrics.listen': '127.0.0.1:1', advertise: 'h:2' })
  const written = Object.entries(brokerSettings).map(([key, { name, type }]) => [
    name,
    type.format(config[key as keyof BrokerConfig] as never),
  ])
  expect(parseBrokerConfig(Object.fromEntries(written))).toEqual(config)
})

test('what is not given is the default', () => {
  const config = parseBrokerConfig(texts)
  expect(config).toEqual(brokerConfig({ brokerId: 1, castle: ['http://127.0.0.1:8600'], dataFolder: '/data' }))
  expect(config).toMatchObject({ listen: { host: '127.0.0.1', port: 9092 }, socketRequestMaxBytes: 104_857_600 })
})

describe('what cannot be is refused with name, value and what would be right', () => {
  test.each([
    [
      { 'max.connectoins': '5' },
      'CONFIG_UNKNOWN',
      '"max.connectoins" (it was given the value "5")',
      'max.connections?',
    ],
    [{ 'zookeeper.connect': 'h' }, 'CONFIG_UNKNOWN', 'zookeeper.connect', 'Known settings: node.id'],
    [{ max_connections: '5' }, 'CONFIG_UNKNOWN', 'max_connections', 'Did you mean max.connections?'],
    [{ 'max.connections': 'many' }, 'CONFIG_WRONG', '"many"', 'whole number'],
    [{ 'max.connections': '0' }, 'CONFIG_WRONG', '"0"', 'from 1'],
    [{ listen: '9092' }, 'CONFIG_WRONG', '"9092"', 'host:port'],
    [{ listen: '127.0.0.1:99999' }, 'CONFIG_WRONG', '99999', 'host:port'],
    [{ castle: 'localhost:8600' }, 'CONFIG_WRONG', 'localhost:8600', 'http://127.0.0.1:8600'],
    [{ castle: '' }, 'CONFIG_WRONG', 'castle is ""', 'http://127.0.0.1:8600'],
    [{ 'auto.create.topics.enable': 'true' }, 'CONFIG_WRONG', '"true"', 'false'],
    [{ listen: '0.0.0.0:9092', advertise: 'h:1' }, 'CONFIG_WRONG', '0.0.0.0:9092', 'insecure=true'],
    [{ 'metrics.listen': '10.0.0.1:1' }, 'CONFIG_WRONG', 'metrics.listen is 10.0.0.1:1', 'insecure=true'],
    [{ listen: '0.0.0.0:9092', insecure: 'true' }, 'CONFIG_WRONG', '0.0.0.0', 'Set advertise'],
    [{ 'groups.max': '10001' }, 'CONFIG_WRONG', 'groups.max is "10001"', 'from 1 to 10000'],
    [{ 'group.consumer.max.size': '10001' }, 'CONFIG_WRONG', 'group.consumer.max.size is "10001"', 'from 1 to 10000'],
    [{ 'log.dir': 'data' }, 'CONFIG_WRONG', '"data"', 'absolute path'],
  ])('%o', (wrong, code, named, right) => {
    const error = refusal(() => parseBrokerConfig({ ...texts, ...wrong }))
    expect(error.code).toBe(code)
    expect(error.message).toContain(named)
    expect(`${error.message} ${error.next}`).toContain(right)
  })

  test.each(['node.id', 'castle', 'log.dir'])('no %s', (name) => {
    const rest = Object.fromEntries(Object.entries(texts).filter(([key]) => key !== name))
    const error = refusal(() => parseBrokerConfig(rest))
    expect(error.code).toBe('CONFIG_MISSING')
    expect(error.message).toContain(name)
  })
})

describe('the address that clients are told', () => {
  test.each([
    [{ listen: 'localhost:0' }, { host: 'localhost', port: 4711 }],
    [
      { listen: '0.0.0.0:0', insecure: 'true', advertise: 'kafka.example:19092' },
      { host: 'kafka.example', port: 19_092 },
    ],
    [
      { listen: '0.0.0.0:0', insecure: 'true', advertise: 'kafka.example:0' },
      { host: 'kafka.example', port: 4711 },
    ],
  ])('%o', (more, address) => {
    const config = parseBrokerConfig({ ...texts, ...more })
    expect(advertisedAddress(config, { host: '0.0.0.0', port: 4711 })).toEqual(address)
  })
})
