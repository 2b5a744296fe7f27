// Stores that go back in time again and again, at any moment of any history (R14): restored, emptied, with brokers that die, come back as
// other processes and know only what their folders remember. What once was decided is there in the end, and nobody leads meanwhile
// who could not have led before.
import { afterEach, expect, test } from 'vitest'
import type { Topic } from '../state/entities.ts'
import { MemoryDisk } from '../store/memory.ts'
import { Harness } from '../testing/harness.ts'
import type { TestBroker } from '../testing/senders.ts'
import { SeededRandom } from '../testing/world.ts'

const brokerIds = [1, 2, 3]
const steps = 25
const seeds = 12

/** What the last Castle that knew everything had decided of a topic. */
interface Truth {
  readonly name: string
  readonly deleted: boolean
  readonly configs: Topic['configs']
  /** By partition: who could lead without a loss. */
  readonly electable: readonly (readonly number[])[]
}

class History {
  readonly world: Harness
  readonly random: SeededRandom
  readonly truths = new Map<string, Truth>()
  readonly log: string[] = []
  readonly #brokers = new Map<number, TestBroker>()
  /** Of dead brokers: what their folders remember. */
  readonly #folders = new Map<number, TestBroker>()
  readonly #backups: MemoryDisk[] = []
  #names = 0

  private constructor(world: Harness, seed: number) {
    this.world = world
    this.random = new SeededRandom(seed)
  }

  static async start(seed: number): Promise<History> {
    const history = new History(await Harness.start(), seed)
    for (const id of brokerIds) history.#start(id)
    await history.#settled()
    return history
  }

  #pick<T>(items: readonly T[]): T | undefined {
    return items[Math.floor(this.random.next() * items.length)]
  }

  /** The result, with the world going on meanwhile; undefined: it was refused. */
  async #done<T>(task: Promise<T>): Promise<T | undefined> {
    const [result] = await Promise.all([task.catch(() => undefined), this.world.clock.pass(60)])
    return result
  }

  #start(id: number): void {
    const folder = this.#folders.get(id)
    const incarnation = `${id}-${this.log.length}`
    if (folder === undefined) {
      this.#brokers.set(id, this.world.broker(id, { replicates: true }, { incarnation }))
      return
    }
    this.#folders.delete(id)
    const subjects = [...folder.remembered, ...folder.held].filter(([key]) => key.startsWith('topic/'))
    const newest = new Map(subjects)
    const remembers = Object.fromEntries([...newest].map(([key, { version }]) => [key.slice('topic/'.length), version]))
    const { castleEpoch } = folder.sender
    const broker = this.world.broker(id, { replicates: true, remembers }, { incarnation, castleEpoch })
    for (const [key, subject] of newest) broker.remembered.set(key, subject)
    this.#brokers.set(id, broker)
  }

  async #kill(id: number): Promise<void> {
    const broker = this.#brokers.get(id)
    if (broker === undefined) return
    this.#brokers.delete(id)
    this.#folders.set(id, broker)
    await this.#done(broker.sender.stop())
  }

  #living(): Topic[] {
    return [...this.world.state.all('topic')].filter(({ deleted, internal }) => !deleted && !internal)
  }

  async step(): Promise<void> {
    const { castle } = this.world
    const topic = this.#pick(this.#living())
    const roll = this.random.next()
    if (roll < 0.2 || topic === undefined) {
      this.#names += 1
      this.log.push(`create t${this.#names}`)
      await this.#done(castle.createTopic({ cluster: 'c', name: `t${this.#names}`, partitions: 2 }))
    } else if (roll < 0.4) {
      this.log.push(`change ${topic.name}`)
      await this.#done(castle.changeTopic('c', topic.name, { configs: { 'retention.ms': String(this.log.length) } }))
    } else if (roll < 0.47) {
      this.log.push(`delete ${topic.name}`)
      await this.#done(castle.deleteTopic('c', { name: topic.name }))
    } else if (roll < 0.62) await this.#shrink(topic)
    else if (roll < 0.75) {
      this.#backups.push(this.#copy())
      this.log.push(`backup ${this.#backups.length - 1}`)
    } else if (roll < 0.85) await this.#bounce()
    else await this.#goBack()
    this.#note()
  }

  /** A leader proposes fewer. */
  async #shrink(topic: Topic): Promise<void> {
    const partition = Math.floor(this.random.next() * topic.partitions.length)
    const { leader, leaderEpoch, partitionEpoch, isr } = topic.partitions[partition]!
    const sender = this.#brokers.get(leader)?.sender
    if (sender === undefined || isr.length < 2) return
    const gone = this.#pick(isr.filter((id) => id !== leader))
    const members = isr
      .filter((id) => id !== gone)
      .map((brokerId) => ({ brokerId, brokerEpoch: this.#brokers.get(brokerId)?.sender.brokerEpoch ?? 0 }))
    const { topicId } = topic
    const proposal = { topicId, partition, leaderEpoch, partitionEpoch, isr: members }
    this.log.push(`${gone} leaves the ISR of ${topic.name}-${partition}`)
    await this.#done(sender.call('alterIsr', { brokerEpoch: sender.brokerEpoch, partitions: [proposal] }, 50))
  }

  async #bounce(): Promise<void> {
    const id = this.#pick(brokerIds) ?? 1
    this.log.push(`broker ${id} dies and comes back`)
    await this.#kill(id)
    await this.world.clock.pass(this.random.next() * 3_000)
    this.#start(id)
    await this.#settled()
  }

  #copy(): MemoryDisk {
    const copy = new MemoryDisk()
    copy.castleEpoch = this.world.disk.castleEpoch
    for (const [key, value] of this.world.disk.entries) copy.entries.set(key, value)
    return copy
  }

  /** Another store, while brokers are away: at least one that knows everything stays. */
  async #goBack(): Promise<void> {
    const from = this.random.next() < 0.25 ? undefined : this.#pick(this.#backups)
    const away = brokerIds.filter(() => this.random.next() < 0.4).slice(0, 2)
    this.log.push(`${from === undefined ? 'an empty store' : `backup ${this.#backups.indexOf(from)}`}, without ${away}`)
    const folders = this.random.next() < 0.5 ? brokerIds : away
    await this.world.killCastle()
    for (const id of folders) await this.#kill(id)
    this.world.disk = from ?? new MemoryDisk()
    // It is taken once more later.
    if (from !== undefined) this.#backups[this.#backups.indexOf(from)] = this.#copyOf(from)
    await this.world.startCastle()
    for (const id of brokerIds) if (!away.includes(id) && !this.#brokers.has(id)) this.#start(id)
    for (let round = 0; round < 6; round++) {
      await this.world.clock.pass(600)
      this.#checkLeaders()
      if (round === 3 && this.random.next() < 0.3) {
        await this.world.killCastle()
        await this.world.startCastle()
      }
    }
    for (const id of away) this.#start(id)
    await this.#settled()
    this.#checkAll()
  }

  #copyOf(disk: MemoryDisk): MemoryDisk {
    const copy = new MemoryDisk()
    copy.castleEpoch = disk.castleEpoch
    for (const [key, value] of disk.entries) copy.entries.set(key, value)
    return copy
  }

  async #settled(): Promise<void> {
    const isSettled = () => {
      const topics = [...this.world.state.all('topic')]
      const isTold = [...this.#brokers.values()].every(({ held }) =>
        topics.every(({ topicId, version, deleted }) => deleted || held.get(`topic/${topicId}`)?.version === version),
      )
      return topics.length > 0 && isTold && topics.every(({ doubt }) => doubt === undefined)
    }
    await this.world.clock.until(isSettled, 20_000, `nothing is in doubt, and everybody is told`)
  }

  /** Remembers what is decided now. */
  #note(): void {
    for (const { topicId, name, deleted, configs, partitions } of this.world.state.all('topic')) {
      const electable = partitions.map(({ isr, elr = [] }) => [...isr, ...elr])
      this.truths.set(topicId, { name, deleted, configs, electable })
    }
  }

  /** Nobody leads who could not have led before the store went back. */
  #checkLeaders(): void {
    for (const [topicId, { name, electable }] of this.truths) {
      const topic = this.world.state.get('topic', topicId)
      if (topic === undefined || topic.doubt !== undefined) continue
      for (const [partition, { leader }] of topic.partitions.entries()) {
        if (leader !== -1) expect(electable[partition], `who may lead ${name}-${partition}`).toContain(leader)
      }
    }
  }

  #checkAll(): void {
    this.#checkLeaders()
    for (const [topicId, { name, deleted, configs, electable }] of this.truths) {
      const topic = this.world.state.get('topic', topicId)
      expect(topic?.deleted ?? true, `${name} is deleted`).toBe(deleted)
      if (deleted) continue
      expect(topic?.configs, `settings of ${name}`).toEqual(configs)
      expect(topic?.partitions, `partitions of ${name}`).toHaveLength(electable.length)
    }
    const names = this.#living().map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
  }
}

let history: History | undefined

afterEach(() => history?.world.castle.stop())

test('whenever a store goes back, nothing that was decided is lost, and nobody leads who may not', async () => {
  for (let seed = 1; seed <= seeds; seed++) {
    history = await History.start(seed)
    try {
      for (let at = 0; at < steps; at++) await history.step()
    } catch (cause) {
      throw new Error(`seed ${seed}: ${history.log.join('; ')}`, { cause })
    }
    await history.world.castle.stop()
  }
})
