// The person who looks after the platform. Castle waits for one where it may not decide by itself: nobody leads, and the logs of all that were
// in sync are damaged, so that whoever leads may lack what was acknowledged (R7, R9): the console shows that, and the longest log is elected.
// And people ask for things while faults go on: other replicas (KIP-455), the preferred leaders at once.
import { isDeepStrictEqual } from 'node:util'
import { CastleError } from '@castellan/castle/errors'
import { SeededRandom } from '@castellan/testing/simulator'
import type { Cluster } from './cluster.ts'
import { nameOf, topicPlans } from './topics.ts'

const home = 'default'

type Castle = NonNullable<Cluster['castle']>
type Topic = Parameters<Castle['elections']['plan']>[0]

interface Moving {
  readonly adding?: readonly number[]
  readonly removing?: readonly number[]
}

export class Person {
  readonly #cluster: Cluster

  constructor(cluster: Cluster) {
    this.#cluster = cluster
  }

  // ------------------------------------------------------------ what people ask for: false while Castle is away

  /** Two or three replicas in any order: the first one is to lead. */
  reassign(topicLot: number, replicasLot: number): boolean {
    const random = new SeededRandom(replicasLot)
    const { name, partitions } = random.pick(topicPlans.filter(({ replicationFactor }) => replicationFactor === 3))
    const left = this.#cluster.brokerNames.map((_, i) => i + 1)
    const replicas: number[] = []
    const count = random.chance(0.7) ? 3 : 2
    while (replicas.length < count) replicas.push(...left.splice(random.between(0, left.length), 1))
    const asked = { partitions: [{ partition: topicLot % partitions, replicas }] }
    return this.#ask(`${name}: ${replicas.join(' ')}`, (castle) => castle.reassignments.reassign(home, name, asked))
  }

  cancelReassignments(): boolean {
    const { castle } = this.#cluster
    const isMoving = ({ adding = [], removing = [] }: Moving) => adding.length + removing.length > 0
    const moving = [...(castle?.state.all('topic') ?? [])].filter(({ partitions }) => partitions.some(isMoving))
    const cancel = { cancel: true as const }
    for (const { name } of moving) this.#ask(`cancel ${name}`, (one) => one.reassignments.reassign(home, name, cancel))
    return moving.length > 0
  }

  electPreferred(): boolean {
    const elect = (castle: Castle, name: string) => castle.elections.electOf(home, name, { type: 'preferred' })
    return topicPlans.map(({ name }) => this.#ask(`elect ${name}`, (castle) => elect(castle, name))).includes(true)
  }

  /** Castle may say no, and be killed before it says anything: whatever it began goes on. */
  #ask(what: string, act: (castle: Castle) => Promise<unknown>): boolean {
    const { castle, coverage, scheduler } = this.#cluster
    if (castle === null) return false
    const done = () => coverage.count('a person was heard')
    act(castle).then(done, (error: unknown) => {
      if (!(error instanceof CastleError)) scheduler.failure ??= error
      else this.#cluster.note(`${what} was refused: ${error.message}`)
    })
    return true
  }

  // ------------------------------------------------------------ what waits for a person

  look(): void {
    const { castle } = this.#cluster
    if (castle === null) return
    for (const topic of castle.state.all('topic')) {
      if (topic.deleted || topic.doubt !== undefined) continue
      for (const [index, { leader, isr, elr = [] }] of topic.partitions.entries()) {
        const isDamaged = (id: number) => castle.brokers.reports.fault(id, topic.topicId, index) !== null
        if (leader === -1 && [...isr, ...elr].every(isDamaged)) this.#elect(castle, topic, index)
      }
    }
  }

  /** By the plan that says what is lost; where nobody can be elected yet, the person looks again. */
  #elect(castle: Castle, topic: Topic, index: number): void {
    const { castleWatch, coverage } = this.#cluster
    const election = { type: 'unclean', partitions: [index] } as const
    const shown = castle.elections.plan(topic, election)
    const [plan] = shown.partitions
    if (plan === undefined || plan.to === -1) return
    castleWatch.acceptedLosses.add(nameOf(topic.name, index))
    coverage.count('a person elected a leader')
    if (plan.cutAt !== null) coverage.count('a person went on with what is sound of a damaged log')
    const asked = { ...election, isShown: (plan: typeof shown) => isDeepStrictEqual(plan, shown) }
    castle.elections.electOf(topic.cluster, topic.name, asked).catch((error: Error) => {
      // Castle was killed meanwhile, or the plan is another by now, say: the person looks again.
      this.#cluster.note(`nobody could be elected for ${topic.name}/${index}: ${error.message}`)
    })
  }
}
