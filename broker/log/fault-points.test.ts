// Every call to the disk in the life of a log fails in its turn: once, or from then on until somebody has seen to the disk. Whatever was
// said to be written is there afterwards, whatever was refused is not, and no error comes that nobody has foreseen (R9, R11).
import { expect, test } from 'vitest'
import { systemCode } from '../errors.ts'
import { LogError } from './errors.ts'
import type { Log } from './log.ts'
import { openLog, readAll, stage, type TestingContext, testingContext } from './testing.ts'
import { type DiskCall, TestingDisk } from './testing-disk.ts'

const settings = { segmentBytes: 900, indexIntervalBytes: 1 }

/** A log through several processes on one disk, and what it must hold. */
class Life {
  readonly platters = new TestingDisk()
  /** Value by offset, of what `flush` said is written; cut and deleted ones are gone. */
  readonly written = new Map<number, string>()
  /** What a failed cut may have left or not. */
  readonly doubtful = new Set<number>()
  /** Values of refused batches: they may be there all the same when the disk would not let them be cut off either. */
  readonly refused = new Set<string>()
  context: TestingContext = testingContext()
  log: Log | undefined
  trouble: Error[] = []
  #named = 0

  /** Throws when the log cannot be opened. */
  async open(): Promise<void> {
    this.context = testingContext({ platters: this.platters })
    const { log, trouble } = await openLog(this.context, settings)
    this.log = log
    this.trouble = trouble
  }

  append(count: number): void {
    const values = Array.from({ length: count }, () => `value-${this.#named++}-${'x'.repeat(40)}`)
    const offset = stage(this.log!, { values, producerId: -1 })
    const { written } = this.log!.flush()
    for (const [at, value] of values.entries()) {
      if (written === 0) this.refused.add(value)
      else this.written.set(offset + at, value)
      if (written > 0) this.doubtful.delete(offset + at)
    }
  }

  async truncate(offset: number): Promise<void> {
    const cut = [...this.written.keys()].filter((at) => at >= offset)
    for (const at of cut) this.doubtful.add(at)
    await this.log!.truncateTo(offset)
    for (const at of cut) this.written.delete(at)
  }

  /** kill -9: what the page cache has stays. */
  kill(): void {
    this.context.disk.kill()
  }
}

/** Everything that a log does to its disk. */
const steps: readonly ((life: Life) => unknown)[] = [
  (life) => life.open(),
  ({ log }) => {
    log!.beginEpoch(0)
    log!.saveEpochs()
  },
  (life) => life.append(3),
  ({ log }) => log!.sync(),
  (life) => life.append(8),
  (life) => life.append(8),
  ({ log }) => log!.checkpoint(),
  (life) => life.append(8),
  ({ log }) => log!.deleteBefore(12, log!.endOffset),
  ({ log }) => readAll(log!, log!.startOffset, 'file').then(() => undefined),
  (life) => life.truncate(30),
  (life) => life.append(4),
  ({ log }) => log!.close(),
  (life) => life.open(),
  (life) => life.append(10),
  (life) => life.kill(),
  (life) => life.open(),
  (life) => life.append(2),
  ({ log }) => log!.close(),
]

/** As a broker does it: a log out of use is left alone, and one that could not be opened is opened at the next start. */
async function live(life: Life): Promise<void> {
  for (const step of steps) {
    if (step !== steps[0] && (life.log === undefined || life.trouble.length > 0)) return
    try {
      await step(life)
    } catch (error) {
      if (!(error instanceof LogError) && systemCode(error) === undefined) throw error
      return
    }
  }
}

interface Call {
  readonly call: DiskCall
  readonly path: string
}

async function callsOf(): Promise<Call[]> {
  const life = new Life()
  const calls: Call[] = []
  life.platters.refuse = (call, path) => void calls.push({ call, path })
  await live(life)
  return calls
}

const fillsDisk: readonly DiskCall[] = ['open', 'write', 'mkdir', 'rename']

test.each([
  ['EIO', 'once'],
  ['EIO', 'from then on'],
  ['ENOSPC', 'once'],
  ['ENOSPC', 'from then on'],
])('%s %s, at each call', async (code, howLong) => {
  const calls = await callsOf()
  expect(new Set(calls.map(({ call }) => call)).size).toBe(8)
  for (let failing = 0; failing < calls.length; failing++) {
    const life = new Life()
    let number = 0
    life.platters.partialBytes = (failing * 37) % 700
    life.platters.refuse = (call) => {
      const isHit = howLong === 'once' ? number === failing : number >= failing
      number++
      return isHit && (code === 'EIO' || fillsDisk.includes(call)) ? code : undefined
    }
    await live(life)
    life.platters.refuse = () => undefined
    life.kill()
    if (howLong === 'once') life.refused.clear()
    const { call, path } = calls[failing]!
    await expectAllThere(life, `${code} ${howLong} at call ${failing} (${call} ${path})`)
  }
})

async function expectAllThere(life: Life, where: string): Promise<void> {
  await life.open().catch((error: Error) => {
    throw new Error(`${where}: ${error.message}`, { cause: error })
  })
  const log = life.log!
  const found = new Map(await readAll(log, log.startOffset, 'file'))
  const missing = [...life.written].filter(([at, value]) => {
    return at >= log.startOffset && found.get(at) !== value && !life.doubtful.has(at)
  })
  const extra = [...found].filter(([at, value]) => {
    return life.written.get(at) !== value && !life.doubtful.has(at) && !life.refused.has(value)
  })
  expect({ where, missing, extra, startOffset: log.startOffset <= 12 }).toEqual({
    where,
    missing: [],
    extra: [],
    startOffset: true,
  })
  const next = log.endOffset
  life.append(1)
  expect([where, [...life.written.keys()].includes(next), life.trouble]).toEqual([where, true, []])
  await log.close()
}
