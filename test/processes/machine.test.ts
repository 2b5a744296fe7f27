import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { missingTools, pathOf } from './machine.ts'

test('a tool is there when one of its commands can be run', () => {
  const folder = mkdtempSync(join(tmpdir(), 'castellan-machine-'))
  try {
    expect(pathOf('kcat', folder)).toBeUndefined()
    writeFileSync(join(folder, 'kafkacat'), '', { mode: 0o644 })
    expect(pathOf('kcat', folder)).toBeUndefined()
    writeFileSync(join(folder, 'kcat'), '', { mode: 0o755 })
    expect(pathOf('kcat', `/nowhere:${folder}`)).toBe(join(folder, 'kcat'))
    expect(missingTools(folder)).toEqual(['Chromium', 'Redis', 'Python', 'Java', 'JDK', 'Go', 'Maven', 'zsh'])
  } finally {
    rmSync(folder, { recursive: true })
  }
})
