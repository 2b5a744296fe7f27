// `ready` of npm start hangs on it: a broker that listens is of no use to clients before Castle knows it.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brokerConfig, startBroker } from '@castellan/broker'
import { castleConfig, startCastle } from '@castellan/castle'
import { silentLogger } from '@castellan/protocol/runtime'
import { expect, test } from 'vitest'
import { freePorts } from '../processes/index.ts'

test('a broker is registered when Castle counts it, not when it listens', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'castellan-registered-'))
  const [port = 0] = await freePorts(1)
  const castleUrl = `http://127.0.0.1:${port}`
  const listen = { host: '127.0.0.1', port: 0 }
  const given = { brokerId: 1, castle: [castleUrl], listen, dataFolder: join(folder, 'broker-1') }
  const broker = await startBroker(brokerConfig(given), silentLogger)
  try {
    let isRegistered = false
    void broker.registered.then(() => {
      isRegistered = true
    })
    await expect(fetch(castleUrl)).rejects.toThrow() // and what was resolved has been told meanwhile
    expect(isRegistered).toBe(false)

    const config = castleConfig({
      dataFolder: join(folder, 'castle'),
      listen: { ...listen, port },
      offsetsTopicBrokers: 1,
    })
    const castle = await startCastle(config, silentLogger)
    try {
      await broker.registered
      const { items } = (await (await fetch(`${castleUrl}/api/brokers`)).json()) as { items: object[] }
      expect(items).toMatchObject([{ id: 1, pid: process.pid, state: 'up' }])
    } finally {
      await castle.stop()
    }
  } finally {
    broker.hurry()
    await broker.stop()
    rmSync(folder, { recursive: true })
  }
})
