// The person whom Castle waits for where it may not decide by itself: nobody leads, and the logs of all that were in sync are damaged, so that
// whoever leads may lack what was acknowledged (R7, R9). Whoever looks after a platform finds that in the console, and elects the longest log.
import type { Cluster } from './cluster.ts'
import { nameOf } from './topics.ts'

export class Person {
  readonly #cluster: Cluster

  constructor(cluster: Cluster) {
    this.#cluster = cluster
  }

  look(): void {
    const { castle } = this.#cluster
    if (castle === null) return
    for (const topic of castle.state.all('topic')) {
      if (topic.deleted || topic.doubt !== undefined) continue
      for (const [index, { leader, isr, elr = [] }] of topic.partitions.entries()) {
        const isDamaged = (id: number) => castle.brokers.reports.fault(id, topic.topicId, index) !== null
        if (leader === -1 && [...isr, ...elr].every(isDamaged)) this.#elect(topic.cluster, topic.name, index)
      }
    }
  }

  #elect(cluster: string, topic: string, index: number): void {
    const { castle, castleWatch, coverage } = this.#cluster
    castleWatch.acceptedLosses.add(nameOf(topic, index))
    coverage.count('a person elected a leader')
    castle?.elections.electOf(cluster, topic, { type: 'unclean', partitions: [index] }).catch((error: Error) => {
      // Castle was killed meanwhile, say: the person looks again.
      this.#cluster.note(`nobody could be elected for ${topic}/${index}: ${error.message}`)
    })
  }
}
