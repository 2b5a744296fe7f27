// What Castle learns at a broker's address by itself: which process answers there, and whether any does.
import { describeConfigs, SlabPool } from '@castellan/protocol'
import { KafkaConnection } from '@castellan/protocol/client'
import { incarnationConfig } from '@castellan/protocol/heartbeat'
import type { Address, Logger, Runtime } from '@castellan/protocol/runtime'

export interface Doors {
  /** The incarnation of the process that answers as broker `id`; undefined: one that does not say. Rejects when none answers. */
  incarnationAt(address: Address, id: number): Promise<string | undefined>
  /** `refused`: its machine says that nobody listens there. `silent`: it says nothing, which proves nothing. */
  knock(address: Address): Promise<'open' | 'refused' | 'silent'>
}

const timeoutMs = 1_000
/** Longer than a machine needs that is there, and short beside a lease. */
const knockTimeoutMs = 200
const brokerResource = 4
const connection = {
  clientId: 'castle',
  software: { name: 'castellan-castle', version: '0' },
  connectTimeoutMs: timeoutMs,
  frameBytesMax: 1024 * 1024,
  inFlightMax: 10,
}

export function networkDoors(runtime: Runtime, log: Logger): Doors {
  const pool = new SlabPool({ slabBytes: 64 * 1024, keepBytesMax: 256 * 1024 })
  return {
    async incarnationAt(address, id) {
      const broker = await KafkaConnection.open(runtime, address, pool, connection, log)
      try {
        const resource = {
          resourceType: brokerResource,
          resourceName: String(id),
          configurationKeys: [incarnationConfig],
        }
        const { results } = await broker.request(describeConfigs, { resources: [resource] }, { timeoutMs })
        return results[0]?.configs.find(({ name }) => name === incarnationConfig)?.value ?? undefined
      } finally {
        broker.close()
      }
    },
    async knock(address) {
      try {
        const open = await runtime.network.connect(address, { timeoutMs: knockTimeoutMs })
        open.start({ readBuffer: () => new Uint8Array(1), onRead: () => {}, onDrain: () => {}, onClose: () => {} })
        open.destroy()
        return 'open'
      } catch (error) {
        return error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED' ? 'refused' : 'silent'
      }
    },
  }
}
