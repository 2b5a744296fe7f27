// What console and Castle must agree on, though neither imports the other: the shapes of answers, and the codes of errors.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { castleConfig, errorKinds, type RunningCastle, startCastle } from '@castellan/castle'
import { zh } from '@castellan/console/catalogue/zh'
import { type OpenApi, typesOf } from '@castellan/console/openapi'
import { silentLogger } from '@castellan/protocol/runtime'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { root } from '../processes/index.ts'

let folder: string
let castle: RunningCastle

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'castellan-agreement-'))
  const listen = { host: '127.0.0.1', port: 0 }
  castle = await startCastle(castleConfig({ dataFolder: folder, listen }), silentLogger)
})

afterAll(async () => {
  await castle.stop()
  rmSync(folder, { recursive: true })
})

test("the console's types are what Castle describes (else: node console/api/make-types.ts)", async () => {
  const response = await fetch(`${castle.url}/api/openapi.json`)
  const types = typesOf((await response.json()) as OpenApi)
  expect(readFileSync(join(root, 'console', 'api', 'types.ts'), 'utf8')).toBe(types)
})

test('every error that Castle answers is told in Chinese, with what to do', () => {
  // These stop its start: no page is there to tell of them.
  const atStart = /^(CONFIG|DATA)_|^LISTEN_FAILED$/
  const codes = Object.keys(errorKinds).filter((code) => !atStart.test(code))
  expect(Object.keys(zh.errors.byCode).sort()).toEqual(codes.sort())
  expect(Object.keys(zh.errors.next).sort()).toEqual(codes.sort())
})
