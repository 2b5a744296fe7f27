// The packed SDK under the compilers and settings that services have: older TypeScript, older ways to resolve modules, the types of Node.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Installed, npm } from './installed.ts'
import { typeCheck } from './services.ts'

let sdk: Installed

beforeAll(() => {
  sdk = Installed.make()
  npm(sdk.folder, 'install', '@types/node@20')
})

afterAll(() => sdk?.remove())

test.each(['5.4', '6.0', '7.0'])('TypeScript %s', { timeout: 120_000 }, (version) => {
  const home = join(sdk.folder, '..', `typescript-${version}`)
  mkdirSync(home)
  writeFileSync(join(home, 'package.json'), '{ "private": true }\n')
  npm(home, 'install', `typescript@${version}`)
  const tsc = join(home, 'node_modules', '.bin', 'tsc')
  const modules = ['service.mts', 'service.cts']
  const node = { lib: ['es2022'], types: ['node'] }
  expect(typeCheck(sdk, tsc, { ...node, module: 'node16', moduleResolution: 'node16' }, modules)).toBe('')
  expect(typeCheck(sdk, tsc, { ...node, module: 'nodenext', moduleResolution: 'nodenext' }, modules)).toBe('')
  expect(typeCheck(sdk, tsc, { ...node, module: 'esnext', moduleResolution: 'bundler' }, ['service.ts'])).toBe('')
})
