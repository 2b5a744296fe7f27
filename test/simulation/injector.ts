// Does what the schedule says: begins each fault on its victim and ends it, and writes down which machines were in trouble meanwhile.
import type { Machine } from '@castellan/testing/simulator'
import type { Cluster } from './cluster.ts'
import type { Fault, FaultKind } from './faults.ts'
import type { Person } from './person.ts'
import { cutSegment, flipBit, hasCommitted, zeroSegment } from './rot.ts'
import { consumers, planOf, producers } from './topics.ts'

/** How it ends; null: it does not apply now (its victim is down already, or R1 would not hold). */
type Begun = {
  /** Those that are in trouble by it; none: it is no trouble. */
  readonly machines: readonly string[]
  /** It comes and goes until it ends; else what it does, it does when it begins. */
  readonly lasts?: boolean
  readonly end: () => void
} | null

export class Injector {
  readonly #cluster: Cluster
  readonly #person: Person
  /** Ways that are cut now: how often, since cuts may overlap. */
  readonly #cuts = new Map<string, number>()

  constructor(cluster: Cluster, person: Person) {
    this.#cluster = cluster
    this.#person = person
  }

  inject(fault: Fault): void {
    const { scheduler, coverage, recorder } = this.#cluster
    const begun = this.#begin[fault.kind](fault)
    scheduler.trace(() => `fault ${fault.kind} ${begun?.machines.join(' ') ?? 'not now'} ${fault.forMs.toFixed(0)} ms`)
    if (begun === null) return
    coverage.count(`fault: ${fault.kind}`)
    const { nowMs: fromMs } = scheduler
    // R2 permits a loss by what befalls brokers: no message goes with Castle or a client.
    if (begun.machines.some((name) => this.#cluster.brokerNames.includes(name))) {
      const untilMs = begun.lasts === true ? fromMs + fault.forMs : fromMs
      recorder.troubles.push({ machines: begun.machines, fromMs, untilMs })
    }
    scheduler.at(fault.forMs, begun.end)
  }

  readonly #begin: { readonly [Kind in FaultKind]: (fault: Fault) => Begun } = {
    'kill-broker': ({ victim }) => this.#kill(this.#brokerOf(victim)),
    'crash-broker': ({ victim, other }) => this.#crash(this.#brokerOf(victim), other),
    'power-broker': ({ victim }) => this.#losePower(this.#brokerOf(victim)),
    'power-all': () => this.#losePowerOfAll(),
    'empty-disk': ({ victim }) => this.#emptyDisk(this.#brokerOf(victim)),
    'stop-broker': ({ victim }) => this.#stop(this.#brokerOf(victim)),
    'rolling-restart': () => this.#restartAll(),
    'stall-broker': ({ victim }) => this.#stall(this.#brokerOf(victim)),
    'sleep-broker': ({ victim }) => this.#sleep(this.#brokerOf(victim)),
    'kill-castle': () => this.#kill('castle'),
    'crash-castle': ({ other }) => this.#crash('castle', other),
    'stall-castle': () => this.#stall('castle'),
    'restore-castle': ({ other }) => this.#restore(other),
    'kill-consumer': ({ victim }) => this.#kill(pick(consumers, victim).name),
    'stall-consumer': ({ victim, forMs }) => this.#stallConsumer(pick(consumers, victim).name, forMs),
    'crash-producer': ({ victim, other }) => this.#crash(pick(producers, victim).name, other),
    'lost-answers': ({ victim }) => this.#loseAnswers(pick(producers, victim).name),
    cut: (fault) => this.#between(fault, (a, b) => this.#cutAll([a], [b])),
    'cut-one-way': (fault) => this.#between(fault, (from, to) => this.#cut(from, to)),
    isolate: ({ victim }) => this.#isolate(this.#brokerOf(victim)),
    minority: ({ victim }) => this.#cutMinority(this.#brokerOf(victim)),
    split: ({ victim }) => this.#split(this.#brokerOf(victim)),
    delay: (fault) => this.#between(fault, (from, to) => this.#delay(from, to)),
    reset: (fault) => this.#between(fault, (a, b) => this.#reset(a, b)),
    'link-trouble': () => this.#troubleLinks(),
    'slow-disk': ({ victim }) => this.#slowDisk(this.#brokerOf(victim)),
    'full-disk': ({ victim, other }) => this.#fillDisk(this.#brokerOf(victim), other),
    'flip-bit': ({ victim }) => this.#flipBit(this.#brokerOf(victim)),
    'zero-segment': ({ victim }) => this.#spoilAndKill(this.#brokerOf(victim), zeroSegment),
    'cut-segment': ({ victim }) => this.#spoilAndKill(this.#brokerOf(victim), cutSegment),
    'spoil-all': ({ victim, other }) => this.#spoilAll(victim, other),
    'clock-jump': (fault) => this.#jumpClock(fault),
    reassign: ({ victim, other }) => this.#ask((person) => person.reassign(victim, other)),
    'reassign-back': (fault) => this.#reassignAndBack(fault),
    elect: () => this.#ask((person) => person.electPreferred()),
  }

  // ------------------------------------------------------------ processes

  #kill(name: string): Begun {
    if (this.#machine(name).process === null) return null
    this.#cluster.kill(name, 'kill')
    return { machines: [name], end: () => this.#cluster.release(name) }
  }

  /** Dies at one of the next things that it does; until the fault ends, if it does that many. */
  #crash(name: string, lot: number): Begun {
    const { process } = this.#machine(name)
    if (process === null) return null
    process.dieAt(1 + (lot % 300), 'kill')
    const disarm = () => {
      if (process.dead) this.#cluster.coverage.count('a process crashed in the middle')
      process.dieAt(Number.POSITIVE_INFINITY, 'kill')
    }
    return { machines: [name], lasts: true, end: disarm }
  }

  #losePower(name: string): Begun {
    const id = this.#idOf(name)
    if (this.#machine(name).process === null || !this.#cluster.damage.mayLose(id)) return null
    this.#cluster.damage.lost(id)
    this.#cluster.kill(name, 'power')
    this.#noteOnlyReplicas(name, 'its only replica lost power')
    return { machines: [name], end: () => this.#cluster.release(name) }
  }

  /** R8: what is synced is all that is promised, so once in a run is enough, and nothing else may have been lost. */
  #losePowerOfAll(): Begun {
    const { brokerNames: names, damage } = this.#cluster
    const isWell = names.every((name) => damage.isWhole(this.#idOf(name)) && this.#machine(name).process !== null)
    if (damage.allLostPower || !isWell) return null
    damage.allLostPower = true
    for (const name of names) {
      this.#cluster.kill(name, 'power')
      this.#noteOnlyReplicas(name, 'its only replica lost power')
    }
    const end = () => {
      for (const name of names) this.#cluster.release(name)
    }
    return { machines: names, end }
  }

  #emptyDisk(name: string): Begun {
    const id = this.#idOf(name)
    if (this.#machine(name).process === null || !this.#cluster.damage.mayLose(id)) return null
    this.#cluster.damage.lost(id)
    this.#cluster.kill(name, 'power')
    this.#machine(name).platters.clear()
    this.#noteOnlyReplicas(name, 'its only replica has another disk')
    return { machines: [name], end: () => this.#cluster.release(name) }
  }

  /** Topics of one replica lose what it has lost. */
  #noteOnlyReplicas(name: string, why: string): void {
    const { castleWatch } = this.#cluster
    const id = this.#idOf(name)
    for (const topic of castleWatch.topics.values()) {
      for (const [index, { replicas }] of topic.partitions.entries()) {
        if (replicas.length === 1 && replicas[0] === id) castleWatch.noteOnlyReplicaLost(topic, index, name, why)
      }
    }
  }

  #stop(name: string): Begun {
    const { process } = this.#machine(name)
    const broker = this.#cluster.broker(name)
    if (process === null || broker === undefined || broker.isStopping) return null
    this.#cluster.hold(name)
    void broker.stop().then(() => {
      if (process.dead) return
      this.#cluster.coverage.count('a broker stopped in order')
      this.#machine(name).exited()
    })
    // R2 speaks of deaths: who stops in order loses nothing.
    return { machines: [], end: () => this.#cluster.release(name) }
  }

  /** One after another, each when the one before it is back and everything is in sync. */
  #restartAll(): Begun {
    const names = [...this.#cluster.brokerNames]
    const next = () => {
      const name = names[0]
      if (name === undefined) return
      if (!this.#cluster.isInSync) return void this.#cluster.scheduler.at(100, next)
      names.shift()
      const begun = this.#stop(name)
      if (begun === null) return
      this.#cluster.scheduler.at(1_000, () => {
        begun.end()
        this.#cluster.scheduler.at(1_000, next)
      })
    }
    next()
    return { machines: [], end: () => void names.splice(0) }
  }

  #stall(name: string): Begun {
    const { process } = this.#machine(name)
    if (process === null) return null
    process.stall()
    return { machines: [name], end: () => process.resume() }
  }

  #stallConsumer(name: string, forMs: number): Begun {
    const { scheduler, recorder } = this.#cluster
    const { process } = this.#machine(name)
    if (process === null) return null
    const { nowMs: fromMs } = scheduler
    recorder.stalls.push({ member: this.#cluster.lives(process), fromMs, untilMs: fromMs + forMs })
    return this.#stall(name)
  }

  #sleep(name: string): Begun {
    const machine = this.#machine(name)
    const { process } = machine
    if (process === null) return null
    const { nowMs } = this.#cluster.scheduler
    const heal = this.#cutAll([name], this.#others(name))
    process.stall()
    const wake = () => {
      machine.sleptMs += this.#cluster.scheduler.nowMs - nowMs
      process.resume()
      heal()
    }
    return { machines: [name], end: wake }
  }

  #restore(lot: number): Begun {
    const { castleWatch, coverage } = this.#cluster
    const begun = this.#kill('castle')
    if (begun === null) return null
    const snapshot = lot % 5 === 0 ? undefined : pick(castleWatch.snapshots, lot)
    coverage.count(snapshot === undefined ? 'Castle lost its store' : 'Castle was restored')
    castleWatch.restore(snapshot)
    return begun
  }

  // ------------------------------------------------------------ the network

  /** What was written meanwhile is sent again: only the log's memory of producers keeps it from standing twice (R4). */
  #loseAnswers(producer: string): Begun {
    const { network, brokerNames } = this.#cluster
    const heals = brokerNames.map((name) => this.#cut(name, producer))
    const end = () => {
      for (const name of brokerNames) network.reset(producer, name)
      for (const heal of heals) heal()
    }
    return { machines: [producer], end }
  }

  #isolate(name: string): Begun {
    return { machines: [name], end: this.#cutAll([name], this.#others(name)) }
  }

  #cutMinority(name: string): Begun {
    const side = [name, ...producers.map((plan) => plan.name)]
    const others = this.#others(name).filter((other) => !side.includes(other))
    return { machines: [name], end: this.#cutAll(side, others) }
  }

  #split(name: string): Begun {
    const others = this.#cluster.brokerNames.filter((other) => other !== name)
    return { machines: this.#cluster.brokerNames, end: this.#cutAll([name], others) }
  }

  /** Between two machines by lot, mostly two that matter. */
  #between({ kind, victim, other }: Fault, begin: (a: string, b: string) => () => void): Begun {
    const all = other % 3 === 0 ? [...this.#cluster.machines.keys()] : ['castle', ...this.#cluster.brokerNames]
    const [a, b] = [pick(all, victim), pick(all, other)]
    return a === b ? null : { machines: [a, b], lasts: kind === 'delay', end: begin(a, b) }
  }

  #delay(from: string, to: string): () => void {
    const { network } = this.#cluster
    network.delay(from, to, 300)
    return () => network.delay(from, to, 0)
  }

  #reset(a: string, b: string): () => void {
    this.#cluster.network.reset(a, b)
    return () => {}
  }

  #troubleLinks(): Begun {
    const { network } = this.#cluster
    network.linkTrouble = { lost: 0.1, twice: 0.2, late: 0.2, lateMs: 500 }
    return { machines: ['castle', ...this.#cluster.brokerNames], lasts: true, end: () => network.calmLinks() }
  }

  #cutAll(some: readonly string[], others: readonly string[]): () => void {
    const heals = some.flatMap((a) => others.flatMap((b) => [this.#cut(a, b), this.#cut(b, a)]))
    return () => {
      for (const heal of heals) heal()
    }
  }

  #cut(from: string, to: string): () => void {
    const way = `${from}>${to}`
    this.#cuts.set(way, (this.#cuts.get(way) ?? 0) + 1)
    this.#cluster.network.cut(from, to)
    return () => {
      const left = this.#cuts.get(way)! - 1
      this.#cuts.set(way, left)
      if (left === 0) this.#cluster.network.heal(from, to)
    }
  }

  // ------------------------------------------------------------ disks and clocks

  #slowDisk(name: string): Begun {
    const machine = this.#machine(name)
    machine.diskDelayMs = 200
    machine.writeDelayMs = 50
    const end = () => {
      machine.diskDelayMs = 1
      machine.writeDelayMs = 0
    }
    return { machines: [name], lasts: true, end }
  }

  #fillDisk(name: string, lot: number): Begun {
    const { platters } = this.#machine(name)
    if (platters.freeBytes < Number.POSITIVE_INFINITY) return null
    platters.freeBytes = lot % 8_192
    const { refusals } = platters
    const end = () => {
      platters.freeBytes = Number.POSITIVE_INFINITY
      if (platters.refusals > refusals) this.#cluster.coverage.count('a disk was full')
    }
    return { machines: [name], lasts: true, end }
  }

  #flipBit(name: string): Begun {
    return this.#spoil(name, flipBit) ? { machines: [name], end: () => {} } : null
  }

  /** Nobody can read it before the next process does. */
  #spoilAndKill(name: string, spoil: typeof zeroSegment): Begun {
    if (this.#machine(name).process === null || !this.#spoil(name, spoil)) return null
    return this.#kill(name)
  }

  #spoil(name: string, spoil: typeof zeroSegment): boolean {
    const { damage, castleWatch, scheduler } = this.#cluster
    const id = this.#idOf(name)
    if (!damage.mayLose(id) || !damage.isWhole(id)) return false
    const flaw = spoil(this.#machine(name), castleWatch, id)
    if (flaw === null) return false
    scheduler.trace(() => `${name} is spoiled at ${flaw.path} ${flaw.position}`)
    damage.spoiled(id, flaw)
    return true
  }

  /** All brokers are killed, and find each log of one partition damaged: nobody can mend that. A person looks while other faults go on. */
  #spoilAll(lot: number, kindLot: number): Begun {
    const { brokerNames: names, damage, castleWatch, scheduler } = this.#cluster
    const isWell = (name: string) => damage.isWhole(this.#idOf(name)) && this.#machine(name).process !== null
    if (damage.allLostPower || damage.hasLost || !names.every(isWell)) return null
    const topics = [...castleWatch.topics.values()].filter(({ doubt, name }) => doubt === undefined && maySpoil(name))
    if (topics.length === 0) return null
    const topic = pick(topics, lot)
    const index = kindLot % topic.partitions.length
    const spoil = kindLot % 2 === 0 ? zeroSegment : cutSegment
    const holders = names.filter((name) => topic.partitions[index]?.replicas.includes(this.#idOf(name)))
    const only = { topicId: topic.topicId, index }
    if (!holders.every((name) => hasCommitted(this.#machine(name), castleWatch, this.#idOf(name), only))) return null
    for (const name of holders) {
      const id = this.#idOf(name)
      const flaw = spoil(this.#machine(name), castleWatch, id, only)!
      scheduler.trace(() => `one of all is spoiled at ${flaw.path} ${flaw.position}`)
      damage.spoiled(id, flaw)
    }
    for (const name of names) this.#cluster.kill(name, 'kill')
    const end = () => {
      for (const name of names) this.#cluster.release(name)
      for (let afterMs = 1_000; afterMs <= 15_000; afterMs += 1_000) scheduler.at(afterMs, () => this.#person.look())
    }
    return { machines: names, end }
  }

  /** Up to 25 minutes off: two machines stay within the hour that message.timestamp.after.max.ms allows. */
  #jumpClock({ victim, other }: Fault): Begun {
    const machine = pick([...this.#cluster.machines.values()], victim)
    machine.wallOffsetMs = (other % 3_000_000) - 1_500_000
    return { machines: [], end: () => {} }
  }

  /** Called back while it is under way. */
  #reassignAndBack({ victim, other, forMs }: Fault): Begun {
    const cancel = () => void this.#person.cancelReassignments()
    this.#cluster.scheduler.at(Math.min(forMs, 150), cancel)
    return this.#ask((person) => person.reassign(victim, other))
  }

  /** Whether it is done, refused, or lost with Castle: it is no trouble, and R2 permits nothing for it. */
  #ask(act: (person: Person) => boolean): Begun {
    return act(this.#person) ? { machines: [], end: () => {} } : null
  }

  // ------------------------------------------------------------ names

  #brokerOf(lot: number): string {
    return pick(this.#cluster.brokerNames, lot)
  }

  #idOf(broker: string): number {
    return this.#cluster.brokerNames.indexOf(broker) + 1
  }

  #machine(name: string): Machine {
    return this.#cluster.machine(name)
  }

  #others(name: string): string[] {
    return [...this.#cluster.machines.keys()].filter((other) => other !== name)
  }
}

/** Where a person may give up what was acknowledged. */
function maySpoil(topic: string): boolean {
  const { mayLose = 'never', replicationFactor = 0 } = planOf(topic) ?? {}
  return mayLose !== 'never' && replicationFactor > 1
}

function pick<T>(items: readonly T[], lot: number): T {
  return items[lot % items.length]!
}
