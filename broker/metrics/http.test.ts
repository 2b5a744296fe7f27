import { LoopWatch, silentLogger } from '@castellan/protocol/runtime'
import { expect, test } from 'vitest'
import { MetricsServer } from './http.ts'

test('while the logs are recovered, /health says how far it is', async () => {
  const loop = new LoopWatch(silentLogger)
  const server = await MetricsServer.listen({ host: '127.0.0.1', port: 0 }, loop)
  const health = async () => {
    const answer = await fetch(`http://127.0.0.1:${server.address.port}/health`)
    return [answer.status, await answer.json()]
  }
  try {
    expect(await health()).toEqual([503, { status: 'starting' }])
    let opened = 1
    server.recovering(() => ({ logs: 3, opened, bytesToCheck: 100, bytesChecked: 20 }))
    opened = 2
    const progress = { logs: 3, opened: 2, bytesToCheck: 100, bytesChecked: 20 }
    expect(await health()).toEqual([503, { status: 'recovering', ...progress }])
  } finally {
    await server.close()
    loop.stop()
  }
})
