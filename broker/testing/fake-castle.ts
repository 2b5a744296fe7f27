// A Castle for tests of a broker: it answers heartbeats with the subjects that the test has set, and calls with what the
// test says. It is reached by the fake `dial` of `network`; TCP stays the real one.
import type {
  Answer,
  BrokerReport,
  Call,
  ClusterState,
  Heartbeat,
  PartitionState,
  Result,
  Subject,
  TopicState,
} from '@castellan/protocol/heartbeat'
import type { Link, LinkHandlers, Network, Runtime } from '@castellan/protocol/runtime'

export class FakeCastle {
  /** The newest report that came. */
  report: BrokerReport | undefined
  isReachable = true
  castleEpoch = 1
  /** Heartbeats that were answered. */
  heartbeats = 0
  onCall: (call: Call) => Omit<Result, 'type' | 'id'> = () => ({ errorCode: 41, message: 'no' })
  readonly #subjects = new Map<string, Subject>()
  readonly #links = new Set<LinkHandlers>()
  #version = 0

  /** `real` with this Castle at the other end of every link. */
  runtime(real: Runtime): Runtime {
    const network: Network = {
      listen: (address, onConnection) => real.network.listen(address, onConnection),
      connect: (address, options) => real.network.connect(address, options),
      dial: async () => this.#dial(),
    }
    return { ...real, network }
  }

  setCluster(brokers: ClusterState['brokers']): void {
    this.#set('cluster/default', { id: 'default', kind: 'castellan', environment: 'test', flags: {}, brokers })
  }

  setTopic(topic: Partial<TopicState> & Pick<TopicState, 'topicId' | 'name'>): void {
    const whole = { deleted: false, internal: false, ackLevel: 0, configs: {}, partitions: [], ...topic }
    this.#set(`topic/${topic.topicId}`, whole)
  }

  giveProducerIds(brokerId: number, start: number, length: number): void {
    this.#set(`producer-ids/${brokerId}`, { start, length })
  }

  /** Breaks all links; `isReachable` says whether new ones can be made. */
  cut(): void {
    for (const handlers of [...this.#links]) handlers.onClose(null)
    this.#links.clear()
  }

  /** Castle tells every sender that a newer process has its id. */
  stopSenders(reason: string): void {
    const times = { intervalMs: 20, leaseMs: 1_000 }
    const answer = { type: 'answer', seq: 0, castleEpoch: this.castleEpoch, stop: reason, ...times }
    for (const handlers of [...this.#links]) handlers.onMessage(JSON.stringify(answer))
  }

  #set(key: string, state: unknown): void {
    this.#version++
    this.#subjects.set(key, { key, version: this.castleEpoch * 2 ** 32 + this.#version, state })
    const push = { type: 'push', castleEpoch: this.castleEpoch, subjects: [key], withinMs: 0 }
    for (const handlers of this.#links) handlers.onMessage(JSON.stringify(push))
  }

  #dial(): Link {
    if (!this.isReachable) throw Object.assign(new Error('refused'), { code: 'ECONNREFUSED' })
    let handlers: LinkHandlers | undefined
    // Later than `send` returns, as a network does.
    const later = (message: Answer | Result) =>
      void Promise.resolve().then(
        () => handlers && this.#links.has(handlers) && handlers.onMessage(JSON.stringify(message)),
      )
    return {
      peer: 'castle',
      bufferedBytes: 0,
      start: (given) => {
        handlers = given
        this.#links.add(given)
      },
      send: (text) => {
        const message = JSON.parse(text) as Heartbeat | Call
        if (message.type === 'heartbeat') later(this.#answer(message))
        else later({ type: 'result', id: message.id, ...this.onCall(message) })
      },
      close: () => void (handlers && this.#links.delete(handlers)),
    }
  }

  #answer({ seq, report }: Heartbeat): Answer {
    if (report?.kind === 'broker') this.report = report
    const holds = this.report?.holds ?? {}
    const subjects = [...this.#subjects.values()].filter(({ key, version }) => holds[key] !== version)
    this.heartbeats++
    const times = { intervalMs: 20, leaseMs: 1_000 }
    return { type: 'answer', seq, castleEpoch: this.castleEpoch, brokerEpoch: 1, subjects, ...times }
  }
}

/** A partition that `leader` leads alone. */
export function ledBy(leader: number, leaderEpoch = 1): PartitionState {
  return { leader, leaderEpoch, partitionEpoch: 0, replicas: [leader], isr: [leader] }
}
