// How long a test waits for its platform: printed, not judged, since other tests share the machine. It wants its
// own process: the first import is part of it.
import { expect, test } from 'vitest'

test('ready in well under a second, the first import included', async () => {
  const startMs = performance.now()
  const { TestPlatform } = await import('./index.ts')
  const importedMs = performance.now()
  const platform = await TestPlatform.start({ topics: { orders: { partitions: 6 } } })
  const readyMs = performance.now()
  const castellan = await platform.connect({ service: 'billing' })
  await castellan.producer().send({ topic: 'orders', value: 'first' })
  const sentMs = performance.now()
  await platform.stop()
  const againMs = performance.now()
  const again = await TestPlatform.start({ topics: { orders: { partitions: 6 } }, brokers: 3 })
  const againReadyMs = performance.now()
  await again.stop()
  const spans = {
    'the first import': importedMs - startMs,
    'ready after it': readyMs - importedMs,
    'connected, and a message acknowledged': sentMs - readyMs,
    'the next platform (three brokers) ready': againReadyMs - againMs,
  }
  console.log(
    Object.entries(spans)
      .map(([what, ms]) => `${what}: ${ms.toFixed(0)} ms`)
      .join(', '),
  )
  expect(readyMs - startMs).toBeGreaterThan(0)
})
