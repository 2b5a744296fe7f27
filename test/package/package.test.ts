// What `npm run pack:sdk` makes, as a service meets it: installed in an empty folder, on the oldest Node it promises and on this one, loaded
// in each of the ways there are, and type-checked by whoever is strict.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { castellan, root, startPlatform, type TestPlatform, TestProcess, waitFor } from '../processes/index.ts'
import { Installed, nodeOf } from './installed.ts'
import { tenLines, tenLinesCommonJs, topicCommand, typeCheck } from './services.ts'

let sdk: Installed
let platform: TestPlatform
let nodes: Record<'20' | '24', string>

beforeAll(async () => {
  const starting = startPlatform({ brokers: 1 }) // while npm keeps this process busy
  sdk = Installed.make()
  platform = await starting
  nodes = { 20: nodeOf(20, sdk.folder), 24: nodeOf(24, sdk.folder) }
  const made = new TestProcess('topic', castellan, [...topicCommand(), '--castle', platform.castle])
  expect(await made.ended).toMatchObject({ code: 0 })
})

afterAll(async () => {
  sdk?.remove()
  await platform?.stop()
})

describe('the ten lines of the README', () => {
  test.each([
    { file: 'first.mjs', node: '20', code: tenLines },
    { file: 'first.cjs', node: '20', code: tenLinesCommonJs },
    { file: 'first.mjs', node: '24', code: tenLines },
    { file: 'first.cjs', node: '24', code: tenLinesCommonJs },
    { file: 'first.mts', node: '24', code: tenLines },
  ] as const)('$file on Node $node', async ({ file, node, code }) => {
    const name = `${file.replace('.', '-')}-${node}`
    const written = sdk.write(file, code(name, platform.castle))
    const service = new TestProcess(name, written, [], { node: nodes[node], cwd: sdk.folder })
    const has = (text: string) => !service.isRunning || service.stdout.includes(text)
    await waitFor('the message to stand', () => has('stands in partition'))
    const [, offset] = /stands in partition \d at offset (\d+)/.exec(service.stdout) ?? []
    await waitFor('the message to come back', () => has(`got ${offset}`))
    expect(service.stdout, service.stderr).toContain(`got ${offset}`)
    await service.kill()
  })
})

describe('however it is loaded', () => {
  const code = `
    import { createRequire } from 'node:module'
    import * as sdk from '@castellan/sdk'
    import * as kafka from '@castellan/sdk/kafka'
    const require = createRequire(import.meta.url)
    const required = require('@castellan/sdk')
    const requiredKafka = require('@castellan/sdk/kafka')
    const refused = await required.connect({ castle: 'nowhere', service: 'a' }).catch((error) => error)
    console.log(JSON.stringify({
      one: sdk.connect === required.connect && kafka.KafkaClient === requiredKafka.KafkaClient,
      error: refused instanceof sdk.CastellanError && refused instanceof kafka.CastellanError && refused.code,
      names: Object.keys(sdk).sort().join() === Object.keys(required).sort().join(),
      version: require('@castellan/sdk/package.json').version,
    }))`

  test.each(['20', '24'] as const)('there is one of everything, on Node %s', async (node) => {
    const loaded = new TestProcess('load', sdk.write('load.mjs', code), [], { node: nodes[node], cwd: sdk.folder })
    await loaded.ended
    expect(loaded.stderr).toBe('')
    const { version } = JSON.parse(readFileSync(join(root, 'sdk', 'package.json'), 'utf8'))
    expect(JSON.parse(loaded.stdout)).toEqual({ one: true, error: 'OPTION_WRONG', names: true, version })
  })

  test('nothing keeps the process alive after close', async () => {
    const code = `
      const { connect } = require('@castellan/sdk')
      async function main() {
        const castellan = await connect({ castle: '${platform.castle}', service: 'short' })
        const consumer = castellan.consumer({ group: 'short', topics: ['orders'] })
        const running = consumer.run(() => void castellan.close())
        await castellan.producer().send({ topic: 'orders', value: 'paid' })
        await running
        console.log('closed')
      }
      main()`
    const service = new TestProcess('short', sdk.write('short.cjs', code), [], { node: nodes[20], cwd: sdk.folder })
    await waitFor('the process to end by itself', () => !service.isRunning)
    expect(await service.ended).toMatchObject({ code: 0 })
    expect(service.stdout).toBe('closed\n')
  })
})

describe('type checks', () => {
  test.each([
    { module: 'nodenext', moduleResolution: 'nodenext', files: ['service.mts', 'service.cts'] },
    { module: 'esnext', moduleResolution: 'bundler', files: ['service.ts'] },
  ])('module $module, moduleResolution $moduleResolution: $files', ({ files, ...options }) => {
    const tsc = join(root, 'node_modules', '.bin', 'tsc')
    expect(typeCheck(sdk, tsc, { ...options, lib: ['es2022', 'dom'], types: [] }, files)).toBe('')
  })
})

describe('what is in it', () => {
  test('code, declarations, a README and licences; nothing of ours beside', () => {
    const paths = sdk.packed.files.map(({ path }) => path)
    const expected =
      /^(package\.json|README\.md|LICENSE|(index|kafka)\.([cm]js|d\.[cm]ts)|shared-[a-z-]+\.cjs|types\/(sdk|protocol)\/[a-z0-9/-]+\.d\.cts)$/
    expect(paths.filter((path) => !expected.test(path))).toEqual([])
    expect(paths.filter((path) => /test|broker|castle\/|fake/.test(path))).toEqual([])
    expect(paths).toEqual(expect.arrayContaining(['index.cjs', 'index.mjs', 'index.d.cts', 'index.d.mts', 'kafka.cjs']))
  })

  test('it is small', () => {
    expect(sdk.packed.bytes).toBeLessThan(200 << 10)
    expect(sdk.packed.unpackedBytes).toBeLessThan(800 << 10)
  })

  test('it asks for what it loads, at versions we test with or later ones, and for nothing of the workspace', () => {
    const { dependencies, engines } = sdk.manifest() as Record<string, Record<string, string>>
    expect(Object.keys(dependencies ?? {})).toEqual(['@node-rs/crc32', 'ajv', 'lz4-napi', 'snappy', 'ws'])
    for (const range of Object.values(dependencies ?? {})) expect(range).toMatch(/^\^\d+\.\d+\.\d+$/)
    expect(engines).toEqual({ node: '>=20' })
  })
})
