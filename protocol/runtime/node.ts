// Node's own clock, disk, network and random: the only place in broker, Castle and SDK that touches them.

import { nodeBootId } from './node-boot.ts'
import { nodeClock } from './node-clock.ts'
import { nodeDisk } from './node-disk.ts'
import { nodeNetwork } from './node-network.ts'
import { nodeRandom } from './node-random.ts'
import type { Runtime } from './runtime.ts'

export function nodeRuntime(): Runtime {
  return { clock: nodeClock, random: nodeRandom, disk: nodeDisk, network: nodeNetwork, bootId: nodeBootId }
}
