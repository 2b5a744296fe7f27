// Castle and brokers on simulated machines: the classes that run in production, with what `main.ts` puts around them there.
import { Broker, type BrokerOptions } from '@castellan/broker/broker'
import { parseBrokerConfig } from '@castellan/broker/config'
import { Castle } from '@castellan/castle/castle'
import type { CoreSettings } from '@castellan/castle/config'
import { type MemoryDisk, MemoryStore } from '@castellan/castle/store'
import type { Address, Logger } from '@castellan/protocol/runtime'
import type { Process } from './process.ts'

export const castleAddress: Address = { host: 'castle', port: 8600 }
export const castleUrl = `http://${castleAddress.host}:${castleAddress.port}`

/** An entity as Castle's store keeps it; null: it is gone. */
export interface Committed {
  readonly key: string
  readonly value: string | null
}

/** What a dead process waits for. */
const never = new Promise<void>(() => {})

/** Resolves when it answers. `disk` outlives the process, as a file would. `onCommit` hears of what is durable. */
export async function startCastle(
  process: Process,
  disk: MemoryDisk,
  settings: CoreSettings,
  log: Logger,
  onCommit: (changes: readonly Committed[]) => void = () => {},
): Promise<Castle> {
  const pause = () => new Promise<void>((resolve) => process.later(resolve))
  const store = new MemoryStore(disk, {
    // A crash may come before a commit is durable, or after it and before anybody hears of it.
    beforeCommit: async () => {
      await pause()
      if (process.act() !== 'lives') await never
    },
    afterCommit: async (changes) => {
      onCommit(changes)
      if (process.act() === 'lives') await pause()
      else await never
    },
  })
  const castle = await Castle.start(process.runtime, { store, settings, log })
  await process.machine.network.serveLinks(process, castleAddress, (link) => castle.accept(link))
  return castle
}

/** Resolves when it has recovered its logs and listens, at port 9092 of its machine. */
export function startBroker(
  process: Process,
  id: number,
  log: Logger,
  options: BrokerOptions & { readonly settings?: Readonly<Record<string, string>> } = {},
): Promise<Broker> {
  const config = parseBrokerConfig({
    'node.id': String(id),
    castle: castleUrl,
    listen: `${process.name}:9092`,
    'log.dir': '/data',
    insecure: 'true',
    ...options.settings,
  })
  return Broker.start(process.runtime, config, log, options)
}
