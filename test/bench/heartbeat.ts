// What heartbeats cost Castle: 50,000 clients on links without a network, so that what is measured is Castle's own work. The
// goal is 50,000 clients every 3 s on one core, which is 16,667 heartbeats a second (heartbeat.md, Load); what WebSockets cost
// beside that is in performance.md (36-51 % of a core for that many).
//
//   npm run bench -- heartbeat [clients]
import { Castle } from '@castellan/castle/castle'
import { coreConfig } from '@castellan/castle/config'
import { MemoryStore } from '@castellan/castle/store'
import type { Answer, Heartbeat } from '@castellan/protocol/heartbeat'
import { type Link, type LinkHandlers, nodeRuntime, silentLogger } from '@castellan/protocol/runtime'

/** A client at the other end of a link: keeps the last thing it was told. */
class Client implements Link {
  readonly peer = 'bench'
  readonly bufferedBytes = 0
  readonly id: string
  #handlers: LinkHandlers | undefined
  #seq = 0
  reportNumber = 1
  holds: Record<string, number> = {}
  received = 0
  lastIn = ''
  lastOut = ''
  over = false

  constructor(id: string) {
    this.id = id
  }

  start(handlers: LinkHandlers): void {
    this.#handlers = handlers
  }

  send(text: string): void {
    this.received += 1
    this.lastIn = text
  }

  close(): void {
    if (!this.over) throw new Error(`the link of ${this.id} was closed`)
  }

  beat(withReport: boolean): void {
    this.#seq += 1
    const heartbeat: Heartbeat = {
      type: 'heartbeat',
      seq: this.#seq,
      kind: 'client',
      id: this.id,
      incarnation: `${this.id}-0c6a5d9b`,
      castleEpoch: 1,
      brokerEpoch: 0,
      reportNumber: this.reportNumber,
    }
    if (withReport) {
      const { holds } = this
      heartbeat.report = {
        ...{ kind: 'client', service: 'billing', host: 'host', pid: 1, release: '0.1.0', cluster: null },
        ...{
          topics: ['orders', 'bills'],
          groups: [{ group: 'billing', memberId: this.id, memberEpoch: 3, assigned: {} }],
          holds,
        },
      }
    }
    this.lastOut = JSON.stringify(heartbeat)
    this.#handlers?.onMessage(this.lastOut)
  }

  /** Takes in what the last answer brought, as the SDK does. */
  apply(): void {
    const { subjects = [] } = JSON.parse(this.lastIn) as Answer
    for (const { key, version } of subjects) this.holds[key] = version
    if (subjects.length > 0) this.reportNumber += 1
  }
}

/** CPU and heap per heartbeat, and what that is of a core when every client heartbeats each 3 s. */
function measure(what: string, count: number, clients: number, task: () => void): void {
  const perSecond = clients / 3
  const heapBefore = process.memoryUsage().heapUsed
  const before = process.cpuUsage()
  task()
  const { user, system } = process.cpuUsage(before)
  const us = (user + system) / count
  const heap = Math.max(0, process.memoryUsage().heapUsed - heapBefore) / count
  const figures = [
    `${us.toFixed(2)} us each`,
    `${((us * perSecond) / 10_000).toFixed(1)} % of a core at ${Math.round(perSecond)}/s`,
    `${Math.round(heap)} bytes of heap each`,
  ]
  console.log(`${what.padEnd(42)} ${figures.join(', ')}`)
}

async function startCastle(): Promise<Castle> {
  const settings = coreConfig({ clientArrivalsPerSecond: 1_000_000, offsetsTopicWaitMs: 0 })
  const castle = await Castle.start(nodeRuntime(), { store: new MemoryStore(), settings, log: silentLogger })
  const report = {
    ...{ kind: 'broker' as const, cluster: 'c', host: '127.0.0.1', port: 9092, metricsPort: 0, rack: null, pid: 1 },
    ...{ release: '0.1.0', stopping: false, holds: {}, logs: [], groups: [], producerIdsBegun: -1 },
  }
  const times = { seq: 1, castleEpoch: 0, brokerEpoch: 0, reportNumber: 1 }
  await castle.heartbeat({ type: 'heartbeat', kind: 'broker', id: '1', incarnation: 'b', ...times, report })
  for (const name of ['orders', 'bills']) await castle.createTopic({ cluster: 'c', name, partitions: 6 })
  return castle
}

/** Changes a setting, and waits until every client was told. */
async function measurePush(castle: Castle, all: readonly Client[]): Promise<void> {
  const told = () => all.reduce((sum, client) => sum + client.received, 0)
  const before = told()
  const startMs = performance.now()
  await castle.changeTopic('c', 'orders', { ackLevel: 1 })
  let longestTurnMs = 0
  for (let turnMs = performance.now(); told() < before + all.length; turnMs = performance.now()) {
    await new Promise((resolve) => setImmediate(resolve))
    longestTurnMs = Math.max(longestTurnMs, performance.now() - turnMs)
  }
  const tookMs = Math.round(performance.now() - startMs)
  console.log(
    `push of a changed setting to all: ${tookMs} ms, longest turn of the event loop ${longestTurnMs.toFixed(1)} ms`,
  )
}

export async function heartbeats(args: readonly string[]): Promise<void> {
  const clients = Number(args[0] ?? 50_000)
  const castle = await startCastle()
  const heapBefore = process.memoryUsage().heapUsed
  const all = Array.from(
    { length: clients },
    (_, i) => new Client(`8f14e45f-ceea-4e7f-a6b1-${String(i).padStart(12, '0')}`),
  )
  const beatAll = (withReport: boolean) => {
    for (const client of all) client.beat(withReport)
  }
  for (const client of all) castle.accept(client)
  measure('first heartbeat, with the whole report', clients, clients, () => beatAll(true))
  for (const client of all) client.apply()
  measure('second, saying what it holds', clients, clients, () => beatAll(true))
  beatAll(false)
  const rounds = 10
  measure('steady', clients * rounds, clients, () => {
    for (let round = 0; round < rounds; round++) beatAll(false)
  })
  console.log(`a steady heartbeat is ${all[0]?.lastOut.length} bytes out, ${all[0]?.lastIn.length} bytes in`)
  await measurePush(castle, all)
  measure('heartbeat after the push: gets the topic', clients, clients, () => beatAll(false))
  const heap = Math.round((process.memoryUsage().heapUsed - heapBefore) / clients)
  console.log(`${clients} clients and their sessions: ${heap} bytes of heap each`)
  for (const client of all) client.over = true
  await castle.stop()
}
