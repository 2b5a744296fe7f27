// How often leaders and ISRs changed since this Castle started: what an operator watches, for a cluster at rest changes nothing.
import type { PartitionState } from '@castellan/protocol/heartbeat'
import type { Topic } from '../state/entities.ts'

export class Movements {
  /** Changes of a leader, elections after none included. */
  leaders = 0
  /** Times that a member left an ISR, and that one joined. */
  isrLeft = 0
  isrJoined = 0

  /** A topic was changed from `before`. */
  note(topic: Topic, before: Topic): void {
    if (topic.partitions === before.partitions) return
    for (const [index, partition] of topic.partitions.entries()) {
      const earlier = before.partitions[index]
      if (earlier !== undefined && earlier !== partition) this.#notePartition(partition, earlier)
    }
  }

  #notePartition({ leader, isr }: PartitionState, before: PartitionState): void {
    if (leader !== before.leader) this.leaders++
    for (const id of before.isr) if (!isr.includes(id)) this.isrLeft++
    for (const id of isr) if (!before.isr.includes(id)) this.isrJoined++
  }
}
