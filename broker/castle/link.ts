// The link of this broker to Castle: its report goes out, subjects come in and reach the part that they concern.
//
//   partitions, coordinator, producer ids --> report --> HeartbeatSender --> Castle
//   metadata, partitions, coordinator, producer ids <-- subjects <----------'
//
// Castle away changes nothing here (R10): what was told stays in force until something newer comes.
import {
  type Answer,
  type BrokerReport,
  type Call,
  type ClusterState,
  HeartbeatSender,
  type OwnVitals,
  type ProducerIdBlock,
  type Result,
  readSubject,
  type Subject,
  type TargetState,
  type TopicState,
} from '@castellan/protocol/heartbeat'
import { type Address, Complaints, type Logger, type Runtime, uuid } from '@castellan/protocol/runtime'
import type { BrokerConfig } from '../config.ts'
import { messageOf } from '../errors.ts'
import type { Identity } from './identity.ts'
import type { Remembered } from './remembered.ts'

/** What a process tells of itself; constants in the simulator. */
export interface About {
  readonly pid: number
  readonly release: string
  /** Where /metrics is served; 0: not served. */
  readonly metricsPort: number
}

/** The parts that subjects concern. */
export interface Receivers {
  cluster(state: ClusterState): void
  topic(state: TopicState): void
  target(state: TargetState): void
  producerIds(block: ProducerIdBlock): void
}

/** The parts that the report is made of. */
export interface Reporters {
  logs(): BrokerReport['logs']
  logsId(): string
  groups(): BrokerReport['groups']
  /** Its disk does not answer: this broker can do nothing for anybody, and others should lead. */
  isStuck(): boolean
  /** The disk has no room. */
  isFull(): boolean
  /** Absent: nothing measures them. */
  readonly vitals?: () => OwnVitals
}

export interface CastleLinkOptions {
  readonly config: BrokerConfig
  readonly about: About
  /** Where clients reach this broker. */
  readonly address: () => Address
  readonly identity: Identity
  readonly remembered: Remembered
  readonly receivers: Receivers
  readonly reporters: Reporters
  readonly log: Logger
  /** Castle said that a newer process has this broker's id. */
  onStop(reason: string): void
}

type OwnReport = Omit<BrokerReport, 'holds'>

export class CastleLink {
  /** Names this process. */
  readonly incarnation: string
  readonly #options: CastleLinkOptions
  readonly #sender: HeartbeatSender
  readonly #complaints: Complaints
  #report: OwnReport | undefined
  #stopping = false
  /** Keys of subjects that Castle asked for, for it knows less than this broker (R14). */
  #wanted: readonly string[] = []

  constructor(runtime: Runtime, options: CastleLinkOptions) {
    this.#options = options
    const { config, identity, log } = options
    this.#complaints = new Complaints(runtime.clock, log)
    this.incarnation = uuid(runtime.random)
    this.#sender = new HeartbeatSender(runtime, {
      urls: config.castle,
      kind: 'broker',
      id: String(config.brokerId),
      incarnation: this.incarnation,
      castleEpoch: identity.castleEpoch,
      report: () => this.#currentReport(),
      log,
      onSubject: (subject) => this.#receive(subject),
      onAnswer: (answer) => this.#onAnswer(answer),
      onStop: options.onStop,
      isMute: options.reporters.isStuck,
      ...(options.reporters.vitals && { vitals: options.reporters.vitals }),
    })
  }

  start(): void {
    this.#sender.start()
  }

  stop(): Promise<void> {
    return this.#sender.stop()
  }

  /** What Castle fences this broker's earlier processes with; 0 before it has registered. */
  get brokerEpoch(): number {
    return this.#sender.brokerEpoch
  }

  get connected(): boolean {
    return this.#sender.connected
  }

  /** Heartbeats at once, with a report made anew. */
  changed(): void {
    this.#report = undefined
    this.#sender.changed()
  }

  /** Tells Castle that this broker is on its way down, in good order. */
  stopping(): void {
    this.#stopping = true
    this.changed()
  }

  /** A write that only Castle may make. Always a result: without Castle, an error code that clients retry. */
  call(method: Call['method'], args: unknown, timeoutMs: number): Promise<Result> {
    return this.#sender.call(method, args, timeoutMs)
  }

  #currentReport(): OwnReport {
    this.#report ??= this.#makeReport()
    return this.#report
  }

  #makeReport(): OwnReport {
    const { config, about, identity, remembered, reporters } = this.#options
    const address = this.#options.address()
    const logsSince = identity.logsSince(reporters.logsId())
    return {
      kind: 'broker',
      cluster: config.cluster,
      host: address.host,
      port: address.port,
      metricsPort: about.metricsPort,
      rack: config.rack,
      pid: about.pid,
      release: about.release,
      stopping: this.#stopping,
      ...(reporters.isFull() && { full: true }),
      replicates: true,
      logsId: reporters.logsId(),
      ...(logsSince !== undefined && { logsSince }),
      logs: reporters.logs(),
      groups: reporters.groups(),
      producerIdsBegun: identity.producerIdsBegun,
      remembers: remembered.versions,
      ...(this.#wanted.length > 0 && { subjects: remembered.offer(this.#wanted) }),
    }
  }

  #onAnswer({ castleEpoch, brokerEpoch = 0, wantSubjects = [] }: Answer): void {
    this.#remember(castleEpoch, brokerEpoch)
    const isNews = wantSubjects.some((key) => !this.#wanted.includes(key))
    if (!isNews && wantSubjects.length === this.#wanted.length) return
    this.#wanted = wantSubjects
    // What is wanted no more leaves with the next report, whenever that is; what did not fit into the last one comes with it.
    if (wantSubjects.length > 0) this.changed()
    else this.#report = undefined
  }

  #remember(castleEpoch: number, brokerEpoch: number): void {
    const { identity, reporters } = this.#options
    const noted = [identity.raiseCastleEpoch(castleEpoch)]
    const logsId = reporters.logsId()
    if (brokerEpoch > 0 && identity.logsSince(logsId) === undefined) {
      noted.push(identity.noteRegistered(logsId, brokerEpoch))
      this.#report = undefined
    }
    Promise.all(noted).catch((error: unknown) => {
      // Not remembered is not followed wrongly: the epoch counts in memory, and the next answer tries again.
      const fields = { castleEpoch, error: messageOf(error) }
      this.#complaints.say('epoch', fields, 'cannot note the Castle epoch on disk', 'error')
    })
  }

  #receive(subject: Subject): void {
    const { receivers, remembered } = this.#options
    const typed = readSubject(subject)
    // Before anyone acts on it: the report that follows says what is confirmed by now.
    remembered.note(subject)
    this.#report = undefined
    switch (typed?.kind) {
      case 'cluster':
        return receivers.cluster(typed.state)
      case 'topic':
        return receivers.topic(typed.state)
      case 'target':
        return receivers.target(typed.state)
      case 'producer-ids':
        return receivers.producerIds(typed.state)
      default: // not for brokers, or newer than this release
    }
  }
}
