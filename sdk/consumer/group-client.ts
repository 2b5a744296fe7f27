// Requests of a group's member to its coordinator: finds it, and finds it again when it moved.
import { type Api, describeConfigs, type RequestInput, type ResponseOf } from '@castellan/protocol'
import { CastellanError } from '../errors.ts'
import type { KafkaClient, RequestOptions } from '../kafka/client.ts'
import { Session } from './session.ts'

export interface GroupRequestOptions extends RequestOptions {
  readonly timeoutMs: number
}

/** Of DescribeConfigs. */
const resource = { broker: 4, group: 32 }
const sessionOfBroker = 'group.consumer.session.timeout.ms'
const sessionOfGroup = 'consumer.session.timeout.ms'

export class GroupClient {
  readonly client: KafkaClient
  readonly group: string
  readonly memberId: string
  /** KIP-848 member epoch; 0: not a member. */
  memberEpoch = 0
  readonly session: Session
  readonly #lane: string
  readonly #heartbeatLane: string

  constructor(client: KafkaClient, group: string, memberId: string) {
    this.client = client
    this.group = group
    this.memberId = memberId
    this.session = new Session(client.runtime.clock)
    // A commit waits for its replicas; a heartbeat behind it on the same connection would wait, too.
    this.#lane = client.newLane('group')
    this.#heartbeatLane = client.newLane('heartbeat')
  }

  /** One try at the coordinator. Throws what KafkaClient.dispatch throws; then the coordinator is looked for again. */
  async request<A extends Api>(api: A, body: RequestInput<A>, options: GroupRequestOptions): Promise<ResponseOf<A>> {
    const { timeoutMs, signal } = options
    const broker = await this.client.coordinators.find(this.group, { timeoutMs, signal })
    try {
      return await this.client.dispatch(api, body, { lane: this.#lane, ...options, broker })
    } catch (error) {
      if (error instanceof CastellanError && error.code !== 'VERSION_UNSUPPORTED')
        this.client.coordinators.forget(this.group, broker)
      throw error
    }
  }

  heartbeat<A extends Api>(api: A, body: RequestInput<A>, options: GroupRequestOptions): Promise<ResponseOf<A>> {
    return this.request(api, body, { ...options, lane: this.#heartbeatLane })
  }

  /**
   * The group's session timeout, ms, as its coordinator is configured; undefined where it does not tell. The protocol does not say it,
   * but a member has to stop before its partitions are given away.
   */
  async askSessionMs(options: GroupRequestOptions): Promise<number | undefined> {
    const broker = await this.client.coordinators.find(this.group, options)
    const resources = [
      { resourceType: resource.broker, resourceName: String(broker), configurationKeys: [sessionOfBroker] },
      { resourceType: resource.group, resourceName: this.group, configurationKeys: [sessionOfGroup] },
    ]
    const answer = await this.client.dispatch(describeConfigs, { resources }, { ...options, broker })
    const said = new Map(
      answer.results.flatMap(({ configs }) => configs.map(({ name, value }) => [name, Number(value)])),
    )
    const sessionMs = said.get(sessionOfGroup) ?? said.get(sessionOfBroker)
    return sessionMs !== undefined && sessionMs > 0 ? sessionMs : undefined
  }

  /** The broker that was asked says that it does not coordinate the group: it is looked for again. */
  forgetCoordinator(): void {
    const broker = this.client.coordinators.known(this.group)
    if (broker !== undefined) this.client.coordinators.forget(this.group, broker)
  }

  close(): void {
    this.client.closeLane(this.#lane)
    this.client.closeLane(this.#heartbeatLane)
  }
}
