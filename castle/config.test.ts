import { describe, expect, test } from 'vitest'
import { castleConfig, castleSettings, parseCastleConfig } from './config.ts'

const dataFolder = '/var/castle'

describe('the settings of a Castle', () => {
  test('have defaults for all but the data folder', () => {
    expect(castleConfig({ dataFolder })).toMatchObject({
      listen: { host: '127.0.0.1', port: 8600 },
      brokerHeartbeatIntervalMs: 250,
      brokerLeaseMs: 1_000,
      clientHeartbeatIntervalMs: 3_000,
      clientLeaseMs: 10_000,
      offsetsTopicPartitions: 12,
    })
  })

  test('are read from texts by name', () => {
    const config = parseCastleConfig({
      'data.dir': '/d',
      listen: '[::1]:0',
      'broker.lease.ms': '2000',
      environment: 'production',
    })
    expect(config).toMatchObject({
      dataFolder: '/d',
      listen: { host: '::1', port: 0 },
      brokerLeaseMs: 2_000,
      environment: 'production',
    })
  })

  test.each([
    [{}, 'CONFIG_MISSING', 'data.dir is not set'],
    [{ 'data.dir': 'here' }, 'CONFIG_WRONG', 'data.dir is "here", but must be an absolute path'],
    [
      { 'data.dir': '/d', listen: '0.0.0.0:8600' },
      'CONFIG_WRONG',
      'listen is 0.0.0.0:8600, which other machines reach',
    ],
    [
      { 'data.dir': '/d', 'broker.lease.ms': 'long' },
      'CONFIG_WRONG',
      'broker.lease.ms is "long", but must be a whole number of milliseconds',
    ],
    [
      { 'data.dir': '/d', 'broker.lease.ms': '500' },
      'CONFIG_WRONG',
      'more than twice broker.heartbeat.interval.ms (250)',
    ],
    [{ 'data.dir': '/d', brokerLeaseMs: '500' }, 'CONFIG_UNKNOWN', 'there is no setting "brokerLeaseMs"'],
  ])('are refused by name: %j', (texts, code, words) => {
    expect(() => parseCastleConfig(texts as Record<string, string>)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(words) }),
    )
  })

  test('may be open to other machines when that is meant', () => {
    expect(parseCastleConfig({ 'data.dir': '/d', listen: '0.0.0.0:8600', insecure: 'true' }).insecure).toBe(true)
  })

  test('each say what they are for, and write their default as they read it', () => {
    for (const { name, doc, type, ...rest } of Object.values(castleSettings)) {
      expect(doc, name).toMatch(/[.,]$/)
      if ('default' in rest) expect(type.parse(type.format(rest.default as never)), name).toEqual(rest.default)
    }
  })
})
