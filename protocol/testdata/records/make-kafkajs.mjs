// The same batches by kafkajs, which can do two compressions by itself: `node make-kafkajs.mjs > kafkajs.jsonl`.
import { createRequire } from 'node:module'

const require = createRequire(new URL('../../../test/package.json', import.meta.url))
const { RecordBatch } = require('kafkajs/src/protocol/recordBatch/v0/index.js')
const Record = require('kafkajs/src/protocol/recordBatch/record/v0/index.js')

const start = 1_700_000_000_000
const records = [
  { timestamp: start, key: 'k1', value: 'first', headers: {} },
  { timestamp: start + 3, key: null, value: 'größer ☃ 🎈', headers: { attempt: '1', empty: '' } },
  { timestamp: start - 2_500, key: 'gone', value: null, headers: {} },
  { timestamp: start + 5_000_000_000, key: '', value: 'to be compressed, '.repeat(20), headers: {} },
]
const hex = (text) => (text === null ? null : Buffer.from(text).toString('hex'))

for (const [id, compression] of ['none', 'gzip'].entries()) {
  const batch = await RecordBatch({
    compression: id,
    firstTimestamp: start,
    maxTimestamp: start + 5_000_000_000,
    lastOffsetDelta: records.length - 1,
    producerId: 4711,
    producerEpoch: 3,
    firstSequence: 17,
    records: records.map(({ timestamp, ...record }, offsetDelta) => Record({ ...record, offsetDelta, timestampDelta: timestamp - start })),
  })
  const content = records.map(({ timestamp, key, value, headers }, offset) => ({
    offset, timestamp, key: hex(key), value: hex(value), headers: Object.entries(headers).map((header) => header.map(hex)),
  }))
  const header = {
    baseOffset: 0, lastOffset: 3, leaderEpoch: 0, maxTimestamp: start + 5_000_000_000, appendTime: false,
    producerId: 4711, producerEpoch: 3, baseSequence: 17, transactional: false, control: false,
  }
  console.log(JSON.stringify({ name: compression, compression, ...header, hex: batch.buffer.toString('hex'), records: content }))
}
