import { closeSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { LogFile } from './log-file.ts'
import { openOutput } from './supervisor/output.ts'

test('keeps the newest lines within its bound, across restarts', () => {
  const folder = mkdtempSync(join(tmpdir(), 'castellan-log-'))
  try {
    const path = join(folder, 'logs', 'broker.log')
    for (let run = 0; run < 3; run++) {
      const log = new LogFile(path, 1000)
      for (let line = 0; line < 100; line++) log.write(`run ${run} line ${line}\n`)
    }
    expect(readdirSync(join(folder, 'logs')).sort()).toEqual(['broker.log', 'broker.log.1'])
    const text = readFileSync(`${path}.1`, 'utf8') + readFileSync(path, 'utf8')
    expect(text.endsWith('run 2 line 98\nrun 2 line 99\n')).toBe(true)
    for (const file of [path, `${path}.1`]) expect(statSync(file).size).toBeLessThanOrEqual(1000)
    // No line is torn or lost between the two files.
    const lines = text.trimEnd().split('\n')
    expect(lines).toEqual(lines.map((_, index) => `run 2 line ${100 - lines.length + index}`))
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('a disk without room costs lines, not the process', () => {
  // A file that refuses every byte with ENOSPC.
  const log = new LogFile('/dev/full')
  for (let line = 0; line < 3; line++) log.write(`line ${line}\n`)
})

test('what a process printed outlives its restarts, within a bound', () => {
  const folder = mkdtempSync(join(tmpdir(), 'castellan-output-'))
  try {
    const path = join(folder, 'logs', 'broker.out')
    const starts = ['first', 'second', 'third', 'fourth'].map((text) => {
      const { fd, start } = openOutput(path, 9)
      writeSync(fd, text)
      closeSync(fd)
      return start
    })
    expect(starts).toEqual([0, 5, 0, 5])
    expect(readFileSync(`${path}.1`, 'utf8')).toBe('firstsecond')
    expect(readFileSync(path, 'utf8')).toBe('thirdfourth')
  } finally {
    rmSync(folder, { recursive: true })
  }
})
