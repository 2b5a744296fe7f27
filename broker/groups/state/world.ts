// For tests: a group, clients that keep the protocol, and a network that loses, delays and repeats heartbeats.
//
// Clients behave as heartbeat.md asks: a lease counts from when the heartbeat that renewed it was sent; what a client
// was told to give up it works on until it is done, or the time for it is over; it reports whatever it was given and
// has not given up. What must hold at any moment: no two clients work on one partition.
import assert from 'node:assert/strict'
import type { PartitionsByTopic } from '@castellan/protocol/heartbeat'
import type { Answer, Beat } from './beat.ts'
import { committerError, partitionError } from './commits.ts'
import { type Change, Draft, Group } from './group.ts'
import { heartbeat } from './heartbeat.ts'
import { countAsHeard, expire } from './leaving.ts'
import { setTargets, takeTarget } from './target.ts'

export const topicId = '00000000-0000-4000-8000-000000000001'
export const partitionCount = 6
const sessionMs = 10_000
const rebalanceMs = 16_000
/** A client stops in time for a heartbeat that says so to arrive: or else its lease runs out before the coordinator's patience. */
const giveUpMs = rebalanceMs - sessionMs

interface Letter {
  readonly client: Client
  readonly seq: number
  readonly sentMs: number
  readonly beat: Beat
}

export class Client {
  readonly id: string
  epoch = 0
  /** Partitions that it works on. */
  readonly working = new Set<number>()
  /** Of these, what it is to give up, and by when. */
  readonly demanded = new Map<number, number>()
  leaseEndMs = 0
  /** Of the newest heartbeat: only its answer counts. */
  seq = 0
  alive = true

  constructor(id: string) {
    this.id = id
  }

  stopAll(): void {
    this.working.clear()
    this.demanded.clear()
    this.epoch = 0
  }
}

export class World {
  group = new Group('g')
  nowMs = 0
  readonly clients: Client[] = []
  readonly requests: Letter[] = []
  readonly answers: (Letter & { readonly answer: Answer })[] = []
  readonly log: Change[] = []
  /** How often each thing happened, so that a test that tests nothing is seen. */
  readonly counts = { handOvers: 0, fenced: 0, expired: 0, refusedCommits: 0, targets: 0 }
  readonly #lastOwner = new Map<number, string>()

  // ---------------------------------------------------------------- clients

  start(): Client {
    const client = new Client(`c${this.clients.length}`)
    this.clients.push(client)
    this.send(client)
    return client
  }

  send(client: Client, memberEpoch = client.epoch): void {
    const joining = memberEpoch === 0
    const report = joining ? [] : [{ topicId, partitions: [...client.working] }]
    const beat: Beat = {
      apiVersion: 1,
      clientId: null,
      clientHost: '',
      groupId: 'g',
      memberId: client.id,
      memberEpoch,
      instanceId: null,
      rackId: null,
      rebalanceTimeoutMs: joining ? rebalanceMs : -1,
      subscribedTopicNames: joining ? ['orders'] : null,
      subscribedTopicRegex: null,
      serverAssignor: null,
      topicPartitions: report,
    }
    this.requests.push({ client, seq: ++client.seq, sentMs: this.nowMs, beat })
  }

  /** The client has finished what it was told to give up. */
  giveUp(client: Client): void {
    for (const partition of client.demanded.keys()) client.working.delete(partition)
    client.demanded.clear()
  }

  leave(client: Client): void {
    client.stopAll()
    client.alive = false
    this.send(client, -1)
  }

  crash(client: Client): void {
    client.stopAll()
    client.alive = false
  }

  /** Delivers an answer; one that the client no longer waits for is dropped. */
  receive({ client, seq, sentMs, answer }: Letter & { answer: Answer }): void {
    if (seq !== client.seq || !client.alive) return
    if (answer.errorCode !== 0) {
      this.counts.fenced++
      return client.stopAll()
    }
    // Its lease was over before the answer came: it has stopped, and joins again.
    if (client.epoch !== 0 && client.leaseEndMs <= this.nowMs) return client.stopAll()
    client.leaseEndMs = sentMs + sessionMs
    client.epoch = answer.memberEpoch
    if (client.leaseEndMs <= this.nowMs) return client.stopAll()
    if (answer.assignment) this.#follow(client, [...(answer.assignment.get(topicId)?.keys() ?? [])], sentMs)
  }

  #follow(client: Client, assigned: readonly number[], sentMs: number): void {
    for (const partition of client.working) {
      if (!assigned.includes(partition) && !client.demanded.has(partition))
        client.demanded.set(partition, sentMs + giveUpMs)
    }
    for (const partition of assigned) {
      // What it is still giving up, it gives up first.
      if (!client.demanded.has(partition)) client.working.add(partition)
    }
  }

  // ---------------------------------------------------------------- coordinator

  arrive({ client, seq, sentMs, beat }: Letter): void {
    const { draft, answer } = heartbeat(this.group, beat, {
      nowMs: this.nowMs,
      wallMs: this.nowMs,
      sessionTimeoutMs: sessionMs,
      castleGraceMs: 2_000,
      membersMax: 100,
      newMemberId: () => assert.fail('clients bring their ids'),
      resolve: () => ({ topics: [] }),
      hasReportRoom: () => true,
    })
    this.#took(draft)
    this.answers.push({ client, seq, sentMs, beat, answer })
  }

  /** Castle decides: `pick` says who gets a partition. */
  decide(
    pick: (partition: number, memberIds: readonly string[]) => string | undefined,
    membership = this.group.membership,
  ): void {
    const members: Record<string, PartitionsByTopic> = {}
    const ids = [...this.group.members.keys()]
    for (let partition = 0; partition < partitionCount; partition++) {
      const id = pick(partition, ids)
      if (id === undefined) continue
      const given = members[id]?.[topicId] ?? []
      members[id] = { [topicId]: [...given, partition] }
    }
    const draft = new Draft(this.group, 0)
    if (takeTarget(draft, { group: 'g', membership, members }) === 'taken') this.counts.targets++
    this.#took(draft)
  }

  pass(ms: number): void {
    this.nowMs += ms
    for (const client of this.clients) {
      if (client.epoch !== 0 && client.leaseEndMs <= this.nowMs) client.stopAll()
      if ([...client.demanded.values()].some((deadlineMs) => deadlineMs <= this.nowMs)) this.giveUp(client)
    }
    const draft = new Draft(this.group, 0)
    this.counts.expired += expire(draft, this.nowMs, this.nowMs).length
    this.#took(draft)
  }

  /** Another coordinator takes over, with what is in the log. */
  failOver(): void {
    const { membership } = this.group
    this.group = new Group('g')
    for (const change of this.log) this.group.restore(change)
    this.group.restored()
    this.group.membership = membership + 1
    countAsHeard(this.group, this.nowMs + 1_000, sessionMs, 2_000)
  }

  #took(draft: Draft): void {
    this.log.push(...draft.changes)
    if (draft.membershipChanged) this.group.membership++
  }

  // ---------------------------------------------------------------- what must hold

  check(): void {
    for (let partition = 0; partition < partitionCount; partition++) {
      const workers = this.clients.filter(({ working }) => working.has(partition)).map(({ id }) => id)
      assert(workers.length <= 1, `partition ${partition} is worked on by ${workers.join(' and ')}`)
      const owner = this.group.ownerOf(topicId, partition)
      if (workers[0] !== undefined && workers[0] !== this.#lastOwner.get(partition)) {
        if (this.#lastOwner.has(partition)) this.counts.handOvers++
        this.#lastOwner.set(partition, workers[0])
      }
      for (const client of this.clients) this.#checkCommit(client, partition, owner)
    }
  }

  #checkCommit({ id, epoch }: Client, partition: number, owner: string | undefined): void {
    const committer = { apiVersion: 9, memberId: id, memberEpoch: Math.max(epoch, 1), instanceId: null }
    const code = committerError(this.group, committer) || partitionError(this.group, committer, topicId, partition)
    if (code === 0) assert.equal(owner, id, `${id} may commit partition ${partition}, which is ${owner}'s`)
    else this.counts.refusedCommits++
  }

  /** No more faults: how many rounds of heartbeats until every living client works on exactly its target? */
  roundsToConverge(roundsMax: number): number {
    this.requests.length = 0
    this.answers.length = 0
    for (let round = 0; round <= roundsMax; round++) {
      const alive = this.clients.filter((client) => client.alive)
      if (this.#converged(alive)) return round
      this.pass(1_000)
      if (this.group.awaitsTarget) this.#balance()
      for (const client of alive) {
        this.giveUp(client)
        this.send(client)
        this.arrive(this.requests.pop()!)
        this.receive(this.answers.pop()!)
        this.check()
      }
    }
    return Number.POSITIVE_INFINITY
  }

  #balance(): void {
    const ids = [...this.group.members.keys()]
    const draft = new Draft(this.group, 0)
    const targets = new Map<string, PartitionsByTopic>()
    for (const [at, id] of ids.entries()) {
      const partitions = Array.from({ length: partitionCount }, (_, partition) => partition).filter(
        (p) => p % ids.length === at,
      )
      targets.set(id, partitions.length > 0 ? { [topicId]: partitions } : {})
    }
    setTargets(draft, targets)
    this.#took(draft)
  }

  #converged(alive: readonly Client[]): boolean {
    if (this.group.awaitsTarget || alive.length !== this.group.members.size) return false
    return alive.every(({ id, working, demanded }) => {
      const target = this.group.members.get(id)?.target[topicId] ?? []
      return (
        demanded.size === 0 && working.size === target.length && target.every((partition) => working.has(partition))
      )
    })
  }
}
