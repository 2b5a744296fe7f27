// Senders for tests: a broker and a client that do what Castle says, and keep what they were told.
import {
  type Answer,
  type BrokerReport,
  type ClientReport,
  type ClusterState,
  type CoordinatorState,
  HeartbeatSender,
  type HeartbeatSenderOptions,
  type OwnReport,
  type PartitionState,
  readSubject,
  type Subject,
  type TopicState,
} from '@castellan/protocol/heartbeat'
import { type Runtime, silentLogger } from '@castellan/protocol/runtime'

type Options = Partial<HeartbeatSenderOptions>

class TestSender {
  /** By key, the newest told. */
  readonly held = new Map<string, Subject>()
  /** Every subject told, in order. */
  readonly told: Subject[] = []
  stopped: string | undefined
  readonly kind: 'broker' | 'client'
  readonly senderId: string
  readonly sender: HeartbeatSender

  constructor(runtime: Runtime, kind: 'broker' | 'client', id: string, report: () => OwnReport, options: Options) {
    this.kind = kind
    this.senderId = id
    this.sender = new HeartbeatSender(runtime, {
      urls: ['http://castle:8600'],
      kind,
      id,
      incarnation: `${id}-1`,
      report,
      log: silentLogger,
      onSubject: (subject) => {
        this.held.set(subject.key, subject)
        this.told.push(subject)
      },
      onAnswer: (answer) => this.answered(answer),
      onStop: (reason) => {
        this.stopped = reason
      },
      ...options,
    })
    this.sender.start()
  }

  protected answered(_answer: Answer): void {}

  versions(): Record<string, number> {
    return Object.fromEntries([...this.held].map(([key, { version }]) => [key, version]))
  }

  get cluster(): ClusterState | undefined {
    for (const subject of this.held.values()) {
      const typed = readSubject(subject)
      if (typed?.kind === 'cluster') return typed.state
    }
    return undefined
  }

  topic(name: string): TopicState | undefined {
    for (const subject of this.held.values()) {
      const typed = readSubject(subject)
      if (typed?.kind === 'topic' && typed.state.name === name && !typed.state.deleted) return typed.state
    }
    return undefined
  }

  coordinator(group: string): CoordinatorState | undefined {
    return this.held.get(`coordinator/${group}`)?.state as CoordinatorState | undefined
  }
}

export class TestBroker extends TestSender {
  readonly id: number
  report: Omit<BrokerReport, 'holds'>
  /** What its folder remembers from an earlier process. */
  readonly remembered = new Map<string, Subject>()

  constructor(runtime: Runtime, id: number, report: Partial<BrokerReport> = {}, options: Options = {}) {
    super(runtime, 'broker', String(id), () => this.report, options)
    this.id = id
    this.report = {
      kind: 'broker',
      cluster: 'c',
      host: '127.0.0.1',
      port: 9_091 + id,
      metricsPort: 0,
      rack: null,
      pid: 100 + id,
      release: 'test',
      stopping: false,
      logs: [],
      groups: [],
      producerIdsBegun: -1,
      ...report,
    }
  }

  change(report: Partial<BrokerReport>): void {
    this.report = { ...this.report, ...report }
    this.sender.changed()
  }

  /** Says what Castle asks for, as long as it asks. */
  protected override answered({ wantSubjects = [] }: Answer): void {
    const subjects = wantSubjects.flatMap((key) => this.held.get(key) ?? this.remembered.get(key) ?? [])
    if (JSON.stringify(subjects) === JSON.stringify(this.report.subjects ?? [])) return
    // As brokers do: what is not asked any more leaves with the next report, whenever that is.
    if (subjects.length === 0) this.report = { ...this.report, subjects }
    else this.change({ subjects })
  }

  leads(name: string): PartitionState[] {
    return this.topic(name)?.partitions.filter(({ leader }) => leader === this.id) ?? []
  }
}

export class TestClient extends TestSender {
  report: Omit<ClientReport, 'holds'>

  constructor(runtime: Runtime, id: string, report: Partial<ClientReport> = {}, options: Options = {}) {
    super(runtime, 'client', id, () => this.report, options)
    this.report = {
      kind: 'client',
      service: 'billing',
      host: 'h',
      pid: 1,
      release: 'test',
      cluster: null,
      topics: [],
      groups: [],
      ...report,
    }
  }

  change(report: Partial<ClientReport>): void {
    this.report = { ...this.report, ...report }
    this.sender.changed()
  }
}
