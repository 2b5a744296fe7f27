// What a test loads with the platform: the SDK's own libraries and no more. No HTTP server, no database, no metrics, no logger.
import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'

const program = `
  import { registerHooks } from 'node:module'
  const packages = new Set()
  registerHooks({
    resolve(specifier, context, next) {
      const resolved = next(specifier, context)
      const found = /.*node_modules\\/((?:@[^/]+\\/)?[^/]+)\\//.exec(resolved.url)
      if (found) packages.add(found[1])
      return resolved
    },
  })
  const { TestPlatform } = await import('@castellan/testing')
  const platform = await TestPlatform.start({ topics: { orders: {} } })
  await platform.send({ topic: 'orders', value: 'a book' })
  await platform.stop()
  console.log(JSON.stringify([...packages]))
`

test('neither fastify nor better-sqlite3, prom-client or pino is loaded; nothing keeps the process alive', {
  timeout: 60_000,
}, () => {
  const output = execFileSync(process.execPath, ['--input-type=module', '--eval', program], {
    cwd: import.meta.dirname,
    encoding: 'utf8',
  })
  const packages = JSON.parse(output) as string[]
  expect(packages).toContain('ws')
  expect(packages.filter((name) => /fastify|sqlite|prom-client|pino|typebox/.test(name))).toEqual([])
})
