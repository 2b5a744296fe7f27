// For tests: the log of a partition at its leader, as a producer meets it.
import { errors, type produce, type RequestOf, type ResponseInput } from '@castellan/protocol'
import { iterateRecords, readBatchHeader } from '@castellan/protocol/records'

/** A leader that keeps what it is sent, and may be told to answer otherwise. */
export class FakeLog {
  readonly batches: {
    values: string[]
    producerEpoch: number
    baseSequence: number
    acks: number
    baseOffset: number
  }[] = []
  /** Error codes of the next batches; 0: written. */
  readonly script: number[] = []
  #end = 0

  take({ acks, topicData }: RequestOf<typeof produce>): ResponseInput<typeof produce> {
    const responses = topicData.map(({ topicId: id, partitionData }) => ({
      topicId: id,
      partitionResponses: partitionData.map(({ index, records }) => {
        const { producerEpoch, baseSequence } = readBatchHeader(records!, 0)
        const values = [...iterateRecords(records!, 0)].map(({ value }) => Buffer.from(value!).toString())
        const known = this.batches.find(
          (batch) => batch.producerEpoch === producerEpoch && batch.baseSequence === baseSequence,
        )
        if (known !== undefined && baseSequence >= 0) return { index, errorCode: 0, baseOffset: known.baseOffset }
        const errorCode = this.script.shift() ?? this.#check(producerEpoch, baseSequence)
        if (errorCode !== 0) return { index, errorCode, baseOffset: -1 }
        this.batches.push({ values, producerEpoch, baseSequence, acks, baseOffset: this.#end })
        this.#end += values.length
        return { index, errorCode, baseOffset: this.#end - values.length }
      }),
    }))
    return { responses }
  }

  /** As a leader checks sequences. */
  #check(producerEpoch: number, baseSequence: number): number {
    const last = this.batches.findLast((batch) => batch.baseSequence >= 0)
    if (baseSequence < 0 || last === undefined) return 0
    const expected = producerEpoch > last.producerEpoch ? 0 : last.baseSequence + last.values.length
    return baseSequence === expected ? 0 : errors.OUT_OF_ORDER_SEQUENCE_NUMBER.code
  }

  get values(): string[] {
    return this.batches.flatMap(({ values }) => values)
  }
}
