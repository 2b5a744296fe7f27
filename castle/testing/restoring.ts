// A world whose Castle may lose its store, or get an older one back (R14), and whose brokers die with what their folders remember.
import { expect } from 'vitest'
import { MemoryDisk } from '../store/memory.ts'
import { Harness } from './harness.ts'
import type { TestBroker } from './senders.ts'

export class Restoring extends Harness {
  /** The store as it is now. */
  backup(): MemoryDisk {
    const copy = new MemoryDisk()
    copy.castleEpoch = this.disk.castleEpoch
    for (const [key, value] of this.disk.entries) copy.entries.set(key, value)
    return copy
  }

  /** The next Castle has this store. */
  async restore(disk: MemoryDisk): Promise<void> {
    await this.killCastle()
    this.disk = disk
    await this.startCastle()
  }

  /** As kill -9 does: with what its folder remembers, for another process. */
  async kill(broker: TestBroker): Promise<() => TestBroker> {
    const subjects = [...broker.held.values()].filter(({ key }) => key.startsWith('topic/'))
    const { castleEpoch } = broker.sender
    await this.done(broker.sender.stop())
    let starts = 0
    return () => {
      starts += 1
      const remembers = Object.fromEntries(subjects.map(({ key, version }) => [key.slice('topic/'.length), version]))
      const incarnation = `${broker.id}-again-${starts}`
      const again = this.broker(broker.id, { replicates: true, remembers }, { incarnation, castleEpoch })
      for (const subject of subjects) again.remembered.set(subject.key, subject)
      return again
    }
  }

  /** Names of topics. */
  inDoubt(): string[] {
    return [...this.state.all('topic')].filter(({ doubt }) => doubt !== undefined).map(({ name }) => name)
  }

  /** The store shrinks the ISR to these, as a leader's proposal does. */
  async shrink(brokers: TestBroker[], name: string, isr: number[]): Promise<void> {
    expect(await this.propose(brokers, name, isr)).toMatchObject({ errorCode: 0 })
  }
}
