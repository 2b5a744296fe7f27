// Coordinators of three brokers whose groups move with the leader of their log: no commit that was answered is lost, and nobody
// owns what another may still process, whichever broker is cut off or takes over.
import { errors, SlabPool } from '@castellan/protocol'
import type { PartitionState } from '@castellan/protocol/heartbeat'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { settle } from '../log/testing.ts'
import { divergenceOf } from '../partition/followers.ts'
import type { Partition } from '../partition/index.ts'
import { offsetsTopic } from './coordinator.ts'
import { HeldUpClock, offsetsTopicId, ordersId, TestingCoordinator, topicState } from './testing.ts'

const ids = [1, 2, 3]
const sessionMs = 3_000
const slabs = new SlabPool({ slabBytes: 1024 * 1024, keepBytesMax: 0 })

/** Three brokers on one clock, a Castle that elects as it is told, and followers that fetch when the test says so. */
class World {
  readonly clock = new HeldUpClock()
  readonly brokers = new Map<number, TestingCoordinator>()
  /** Neither followers, nor leaders, nor Castle are heard there. */
  readonly cut = new Set<number>()
  leader = 0
  isr: number[] = ids
  #epoch = 0
  #partitionEpoch = 0

  static async start(): Promise<World> {
    const world = new World()
    for (const id of ids) {
      const settings = {
        groupConsumerSessionTimeoutMs: sessionMs,
        groupCastleGraceMs: 50,
        groupLogSnapshotBytes: 4_000,
      }
      const broker = new TestingCoordinator(settings, undefined, id)
      await broker.open(world.clock)
      world.brokers.set(id, broker)
    }
    await world.elect(1)
    await world.run(1_100)
    return world
  }

  get coordinator(): TestingCoordinator {
    return this.brokers.get(this.leader)!
  }

  /** Castle: `leader` leads, those who are cut off leave the ISR. */
  async elect(leader: number): Promise<void> {
    this.leader = leader
    this.#epoch++
    await this.setIsr(this.isr.filter((id) => !this.cut.has(id)))
  }

  async setIsr(isr: number[]): Promise<void> {
    this.isr = isr
    const { leader } = this
    const partitionEpoch = ++this.#partitionEpoch
    const partition: PartitionState = { leader, leaderEpoch: this.#epoch, partitionEpoch, replicas: ids, isr }
    const state = { ...topicState(offsetsTopic, offsetsTopicId), partitions: [partition] }
    for (const id of ids) if (!this.cut.has(id)) this.brokers.get(id)!.tell(state)
    await settle()
  }

  /** Time passes; whoever follows fetches now and then. */
  async run(ms: number): Promise<void> {
    const everyMs = ms > 200 ? 100 : 10
    for (let passed = 0; passed < ms; passed += everyMs) {
      // What one fetch brought, the next acknowledges.
      for (let round = 0; round < 2; round++) for (const id of ids) await this.#fetch(id)
      await this.clock.advance(everyMs)
    }
  }

  /** What the promise comes to, while time passes; undefined: nothing within 100 ms. */
  async within<T>(promise: Promise<T>): Promise<T | undefined> {
    const results: T[] = []
    void promise.then((result) => results.push(result))
    for (let passed = 0; passed < 100; passed += 10) {
      await settle()
      if (results.length > 0) return results[0]
      await this.run(10)
    }
    return undefined
  }

  partitionOf(id: number): Partition {
    return this.brokers.get(id)!.partitions.get(offsetsTopicId, 0)!
  }

  /** One fetch of a follower, as the handler and the fetcher do it. */
  async #fetch(id: number): Promise<void> {
    const follower = this.partitionOf(id)
    const from = follower.followed?.leader
    if (from === undefined || this.cut.has(id) || this.cut.has(from)) return
    const leader = this.partitionOf(from)
    const position = follower.following.position
    if (position === null || !leader.isLeader || leader.leaderEpoch !== position.leaderEpoch) return
    const { offset: fetchOffset, leaderEpoch: currentLeaderEpoch, lastEpoch: lastFetchedEpoch } = position
    const asked = { fetchOffset, currentLeaderEpoch, lastFetchedEpoch }
    const presence = { fetchedMs: this.clock.nowMs() }
    leader.followers.fetched({ id, brokerEpoch: 1, presence }, asked)
    const divergingEpoch = divergenceOf(leader, asked)
    const hot = leader.read(fetchOffset, 100_000, currentLeaderEpoch, true)
    const read = hot.cold ? await leader.readCold(fetchOffset, 100_000, currentLeaderEpoch, undefined, true) : hot
    const { highWatermark, startOffset: logStartOffset } = read
    // Whose log parts from the leader's is told where, whatever it asked for.
    const errorCode = divergingEpoch === null ? read.errorCode : 0
    const bytes = divergingEpoch === null ? Buffer.concat(read.chunks) : Buffer.alloc(0)
    read.release()
    const slab = slabs.take(Math.max(1, bytes.length))
    slab.bytes.set(bytes)
    const records = slab.bytes.subarray(0, bytes.length)
    const answer = { partitionIndex: 0, errorCode, highWatermark, logStartOffset, divergingEpoch, records }
    await follower.following.take(position, answer as never, slab)
    slab.release()
  }
}

/** A member as the SDK is one: what it may process ends with its session, which counts from when it asked. */
class Member {
  readonly id: string
  epoch = 0
  leaseMs = Number.NEGATIVE_INFINITY
  owns: number[] = []

  constructor(id: string) {
    this.id = id
  }

  ownsNow(nowMs: number): readonly number[] {
    return this.leaseMs > nowMs ? this.owns : []
  }

  async beat(world: World, at: TestingCoordinator): Promise<number> {
    const askedMs = world.clock.nowMs()
    if (this.leaseMs <= askedMs) this.owns = []
    const partitions = this.owns.length === 0 ? [] : [{ topicId: ordersId, partitions: this.owns }]
    const joining = { rebalanceTimeoutMs: 5_000, subscribedTopicNames: ['orders'], topicPartitions: partitions }
    const answer = await world.within(at.beat('g', this.id, this.epoch, joining))
    if (answer === undefined) return errors.REQUEST_TIMED_OUT.code
    if (answer.errorCode === errors.UNKNOWN_MEMBER_ID.code || answer.errorCode === errors.FENCED_MEMBER_EPOCH.code) {
      this.epoch = 0
      this.owns = []
    }
    if (answer.errorCode !== 0) return answer.errorCode
    this.epoch = answer.memberEpoch ?? this.epoch
    this.leaseMs = askedMs + sessionMs
    if (answer.assignment) this.owns = answer.assignment.topicPartitions.flatMap((topic) => [...topic.partitions])
    return 0
  }
}

/** Until it has everything. */
async function join(world: World, member: Member): Promise<void> {
  for (let beats = 0; beats < 5 && member.owns.length === 0; beats++) {
    await member.beat(world, world.coordinator)
    await world.run(100)
  }
  expect(member.owns).toEqual([0, 1, 2, 3])
}

function expectOneOwner(members: readonly Member[], nowMs: number): void {
  const owned = members.flatMap((member) => member.ownsNow(nowMs))
  expect(owned.length, `owned twice: ${members.map(({ id, owns }) => `${id} ${owns}`)}`).toBe(new Set(owned).size)
}

test('a commit that was answered is there at the next coordinator, and members keep what they have', async () => {
  const world = await World.start()
  const member = new Member('a')
  await join(world, member)
  expect(member.owns).toEqual([0, 1, 2, 3])
  expect(await world.within(world.coordinator.commit('g', 'a', member.epoch, { 0: 7, 1: 8 }))).toEqual([0, 0])
  world.cut.add(1)
  await world.elect(2)
  await world.run(50)
  expect(await world.coordinator.fetch('g')).toEqual([7, 8, -1, -1])
  expect(await member.beat(world, world.coordinator)).toBe(0)
  expect(member.owns).toEqual([0, 1, 2, 3])
})

test('a new coordinator tells nothing before its high watermark has reached what it found', async () => {
  const world = await World.start()
  expect(await world.within(world.coordinator.commit('alone', '', -1, { 0: 7 }))).toEqual([0])
  world.cut.add(1)
  world.cut.add(3)
  await world.elect(2)
  await settle()
  expect(world.coordinator.coordinator.shardOf('alone')).toBe(errors.COORDINATOR_LOAD_IN_PROGRESS.code)
  world.cut.delete(3)
  await world.setIsr([2, 3])
  await world.run(50)
  expect(await world.coordinator.fetch('alone')).toEqual([7, -1, -1, -1])
})

test('a coordinator that is cut off answers nothing a second later, neither heartbeats nor offsets', async () => {
  const world = await World.start()
  const member = new Member('a')
  await join(world, member)
  const old = world.coordinator
  world.cut.add(1)
  expect(await member.beat(world, old)).toBe(0)
  await world.run(1_000)
  expect(await member.beat(world, old)).toBe(errors.COORDINATOR_NOT_AVAILABLE.code)
  expect(await old.fetch('g')).toEqual([errors.COORDINATOR_NOT_AVAILABLE.code])
})

test('too few replicas: members that change nothing are answered, commits are refused, what waits is done when they are back', async () => {
  const world = await World.start()
  const [member, newcomer] = [new Member('a'), new Member('b')]
  await join(world, member)
  await world.setIsr([1])
  expect(await member.beat(world, world.coordinator)).toBe(0)
  const { epoch } = member
  expect(await world.coordinator.commit('g', 'a', epoch, { 0: 5 })).toEqual([errors.COORDINATOR_NOT_AVAILABLE.code])
  expect(await newcomer.beat(world, world.coordinator)).toBe(errors.REQUEST_TIMED_OUT.code)
  await world.setIsr([1, 2, 3])
  await world.run(100)
  expect(await newcomer.beat(world, world.coordinator)).toBe(0)
  expect(world.coordinator.report('g')?.members.map(({ memberId }) => memberId)).toEqual(['a', 'b'])
})

test('through any elections: no lost commit, no second owner', async () => {
  const step = fc.record({ kind: fc.nat(9), who: fc.nat(2), ms: fc.nat(1_500) })
  const totals = { commits: 0, elections: 0, owned: 0 }
  const life = async (steps: { kind: number; who: number; ms: number }[]) => {
    const world = await World.start()
    const members = [new Member('a'), new Member('b'), new Member('c')]
    const committed = [-1, -1, -1, -1]
    let next = 0
    for (const { kind, who, ms } of steps) {
      const member = members[who]!
      const electable = world.isr.filter((id) => !world.cut.has(id))
      if (kind === 0 && electable.length > 1) {
        const leader = electable[who % electable.length]!
        if (who > 0 && world.cut.size === 0) world.cut.add(world.leader) // it does not hear of it
        if (!world.cut.has(leader)) await world.elect(leader)
        totals.elections++
      } else if (kind === 1 && world.cut.size > 0) {
        world.cut.clear()
        await world.setIsr(world.isr)
        await world.run(50)
        await world.setIsr([...ids])
      } else if (kind === 2) {
        await world.run(ms)
      } else if (kind < 5) {
        const partition = member.ownsNow(world.clock.nowMs())[0]
        if (partition !== undefined) {
          const offset = next++
          const committing = world.coordinator.commit('g', member.id, member.epoch, { [partition]: offset })
          const [code] = (await world.within(committing)) ?? []
          if (code === 0) committed[partition] = offset
          if (code === 0) totals.commits++
        }
      } else {
        // Also at a coordinator that is none any more, as one that has not heard of an election asks.
        const at = kind === 9 ? world.brokers.get(ids[who]!)! : world.coordinator
        await member.beat(world, at)
      }
      expectOneOwner(members, world.clock.nowMs())
      totals.owned += members.filter((one) => one.ownsNow(world.clock.nowMs()).length > 0).length
    }
    world.cut.clear()
    await world.setIsr([...ids])
    // A coordinator that failed rests before it begins anew, half a minute at most.
    const isThere = () => typeof world.coordinator.coordinator.shardOf('g') !== 'number'
    let seconds = 0
    do await world.run(1_000)
    while (!isThere() && ++seconds < 35)
    // What waits for other replicas is answered as they fetch: time must pass.
    const found = await world.within(world.coordinator.fetch('g'))
    for (const [partition, offset] of committed.entries()) expect(found?.[partition]).toBeGreaterThanOrEqual(offset)
  }
  await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 40, maxLength: 60, size: 'max' }), life), {
    numRuns: 15,
  })
  // Or the lives were too quiet to show anything.
  expect(totals.commits).toBeGreaterThan(10)
  expect(totals.elections).toBeGreaterThan(10)
  expect(totals.owned).toBeGreaterThan(100)
})
