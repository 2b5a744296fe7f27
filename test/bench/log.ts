// What a partition costs: node test/bench/log.ts [--bytes 16384] [--per-turn 8] [--gigabytes 2] [--partitions 1]
//
// Produce requests of one batch each, as they come from the network (in slabs), through checks, CRC, write and acknowledgement; then the
// same read back from memory and from files. CPU seconds per GB, beside the bare write of the same bytes in the same run.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { parseArgs } from 'node:util'
import { type Partition, Partitions } from '@castellan/broker/partition'
import { SlabPool } from '@castellan/protocol'
import { buildBatch } from '@castellan/protocol/records'
import { nodeRuntime, silentLogger, sleep } from '@castellan/protocol/runtime'

const { values } = parseArgs({
  options: {
    bytes: { type: 'string', default: '16384' },
    record: { type: 'string', default: '1024' },
    'per-turn': { type: 'string', default: '8' },
    gigabytes: { type: 'string', default: '2' },
    partitions: { type: 'string', default: '1' },
    idempotent: { type: 'boolean', default: false },
  },
})
const perTurn = Number(values['per-turn'])
const totalBytes = Number(values.gigabytes) * 1e9
const runtime = nodeRuntime()
const dataFolder = mkdtempSync(`${process.env['BENCH_DIR'] ?? tmpdir()}/castellan-bench-`)
const topicId = '11111111-2222-4333-8444-555555555555'

const value = Buffer.alloc(Number(values.record), 'x')
const count = Math.max(1, Math.floor(Number(values.bytes) / (value.length + 10)))
const batch = buildBatch({ records: Array.from({ length: count }, () => ({ value, timestamp: Date.now() })) })
const idempotent = (sequence: number) =>
  buildBatch({
    records: Array.from({ length: count }, () => ({ value, timestamp: Date.now() })),
    producerId: 1,
    producerEpoch: 0,
    baseSequence: sequence,
  })

async function measure(name: string, bytes: number, work: () => Promise<void> | void): Promise<void> {
  const cpu = process.cpuUsage()
  const began = performance.now()
  await work()
  const { user, system } = process.cpuUsage(cpu)
  const seconds = (performance.now() - began) / 1000
  const perGb = (micros: number) => (micros / 1e6 / (bytes / 1e9)).toFixed(3)
  console.log(
    `${name.padEnd(34)} ${perGb(user + system)} CPU s/GB (user ${perGb(user)}, system ${perGb(system)})  ${(bytes / 1e6 / seconds).toFixed(0)} MB/s`,
  )
}

const pool = new SlabPool({ slabBytes: 1_048_576, keepBytesMax: 64 * 1_048_576 })
/** As a connection does: frames one after another in slabs, each batch behind 60 bytes of header. */
function* arriving(): Generator<{ bytes: Uint8Array; slab: ReturnType<SlabPool['take']> }, void, void> {
  for (;;) {
    const slab = pool.take()
    for (let at = 60; at + batch.length <= slab.bytes.length; at += batch.length + 60) {
      slab.bytes.set(batch, at)
      yield { bytes: slab.bytes.subarray(at, at + batch.length), slab }
    }
    slab.release()
  }
}

function bareWrite(): void {
  const file = runtime.disk.open(`${dataFolder}/bare`, 'create')
  let position = 0
  const frames = arriving()
  while (position < totalBytes) {
    const buffers = Array.from({ length: perTurn }, () => frames.next().value!.bytes)
    file.writev(buffers, position)
    position += perTurn * batch.length
  }
  file.close()
  runtime.disk.remove(`${dataFolder}/bare`)
}

let sequence = 0

async function produce(partitions: Partition[]): Promise<void> {
  const frames = arriving()
  let sent = 0
  for (let turn = 0; sent < totalBytes; turn++) {
    const acked = new Promise<void>((resolve) => {
      let left = perTurn
      for (let at = 0; at < perTurn; at++) {
        const partition = partitions[(turn * perTurn + at) % partitions.length]!
        const { bytes, slab } = values.idempotent ? { bytes: idempotent(sequence), slab: null } : frames.next().value!
        sequence += count
        partition.append(bytes, slab, -1, ({ errorCode, errorMessage }) => {
          if (errorCode !== 0) throw new Error(errorMessage)
          if (--left === 0) resolve()
        })
      }
    })
    sent += perTurn * batch.length
    await acked
  }
}

async function consume(partition: Partition, from: number, to: number, cold: boolean): Promise<number> {
  let bytes = 0
  for (let offset = from; offset < to; ) {
    const read = cold ? await partition.readCold(offset, 1_048_576, -1) : partition.read(offset, 1_048_576, -1)
    if (read.bytes === 0) throw new Error(`nothing at ${offset}: ${read.errorCode} ${read.cold}`)
    bytes += read.bytes
    offset += (read.bytes / batch.length) * count
    read.release()
  }
  return bytes
}

const settings = {
  producerIdExpirationMs: 86_400_000,
  producerIdExpirationCheckIntervalMs: 600_000,
  logRetentionCheckIntervalMs: 300_000,
}
const all = await Partitions.open(runtime, { dataFolder, brokerId: 1, settings, log: silentLogger })
try {
  const partition = { leader: 1, leaderEpoch: 1, partitionEpoch: 1, replicas: [1], isr: [1] }
  const partitions = Array.from({ length: Number(values.partitions) }, () => partition)
  all.apply({ topicId, name: 'bench', deleted: false, internal: false, ackLevel: -1, configs: {}, partitions })
  console.log(
    `batches of ${batch.length} bytes, ${count} records; ${perTurn} a turn over ${partitions.length} partitions`,
  )
  const led = [...all.all()]
  while (led.some(({ isLeader }) => !isLeader)) await sleep(runtime.clock, 1)
  for (let round = 0; round < 2; round++) {
    await measure('bare: copy into slab, writev', totalBytes, bareWrite)
    await measure('partition: the same and all else', totalBytes, () => produce(led))
  }
  const first = led[0]!
  // What is surely in memory still.
  const recent = Math.min(Math.floor(32e6 / batch.length / led.length) * count, first.endOffset)
  const times = 20 * led.length
  await measure('read from memory', (recent / count) * batch.length * times, async () => {
    for (let time = 0; time < times; time++) await consume(first, first.endOffset - recent, first.endOffset, false)
  })
  const old = Math.floor(Math.min(first.endOffset, Math.floor(1e9 / batch.length) * count) / count) * count
  await measure('read from files', (old / count) * batch.length, async () => void (await consume(first, 0, old, true)))
  console.log(all.metrics)
} finally {
  await all.close()
  rmSync(dataFolder, { recursive: true, force: true })
}
