// What receiving costs: node test/bench/network.ts
//
// A child process sends frames as fast as it can; this one reads them as a broker does, once into its own buffers and
// once by copying ('data' events), in turn. CPU seconds per GB of this process, which count whatever else runs.
import { spawn } from 'node:child_process'
import { FrameReader, SlabPool } from '@castellan/protocol'
import { type Address, type Connection, makeNodeNetwork, nodeRuntime } from '@castellan/protocol/runtime'

const totalBytes = 4e9

/** Sends `totalBytes` in frames of `frameBytes`. */
async function send(address: Address, frameBytes: number): Promise<void> {
  const connection = await nodeRuntime().network.connect(address, { timeoutMs: 5_000 })
  const frame = Buffer.alloc(frameBytes)
  frame.writeInt32BE(frameBytes - 4)
  const many = Array.from({ length: Math.max(1, Math.floor(262_144 / frameBytes)) }, () => frame)
  let left = totalBytes
  const fill = () => {
    while (left > 0) {
      left -= many.length * frameBytes
      if (!connection.write(many)) return
    }
    connection.end()
  }
  connection.start({ readBuffer: () => Buffer.alloc(1), onRead: () => {}, onDrain: fill, onClose: () => {} })
  fill()
}

async function receive(direct: boolean, frameBytes: number): Promise<string> {
  const network = makeNodeNetwork(async () => direct)
  const slabs = new SlabPool({ slabBytes: 256 * 1024, keepBytesMax: 32 * 1024 * 1024 })
  let finish = () => {}
  const done = new Promise<void>((resolve) => (finish = resolve))
  let bytes = 0
  let frames = 0
  const onConnection = (connection: Connection) => {
    const reader = new FrameReader(slabs, {
      maxFrameBytes: 100_000_000,
      onFrame: (frame) => {
        frames++
        bytes += frame.end - frame.start
      },
      onError: () => connection.destroy(),
    })
    connection.start({
      readBuffer: () => reader.readBuffer(),
      onRead: (length) => reader.onRead(length),
      onDrain: () => {},
      onClose: finish,
    })
  }
  const listener = await network.listen({ host: '127.0.0.1', port: 0 }, onConnection)
  const started = process.cpuUsage()
  const startedMs = nodeRuntime().clock.nowMs()
  const sender = spawn(process.execPath, [import.meta.filename, 'send', `${listener.address.port}`, `${frameBytes}`], {
    stdio: 'inherit',
  })
  await done
  await listener.close()
  sender.kill()
  const { user, system } = process.cpuUsage(started)
  const seconds = (nodeRuntime().clock.nowMs() - startedMs) / 1_000
  const cpu = (user + system) / 1e6 / (bytes / 1e9)
  return `${direct ? 'own buffers' : 'copied     '} ${String(frameBytes).padStart(7)} B frames: ${cpu.toFixed(3)} CPU s/GB, ${(bytes / 1e9 / seconds).toFixed(2)} GB/s, ${(frames / seconds / 1e3).toFixed(0)} k frames/s`
}

if (process.argv[2] === 'send') {
  await send({ host: '127.0.0.1', port: Number(process.argv[3]) }, Number(process.argv[4]))
} else {
  for (const frameBytes of [1_024, 16_384, 65_536, 1_048_576]) {
    for (let round = 0; round < 3; round++) {
      for (const direct of [true, false]) console.log(await receive(direct, frameBytes))
    }
  }
}
