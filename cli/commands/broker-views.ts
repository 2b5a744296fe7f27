// `castellan broker list` and `broker describe`: who is up, who recovers its logs, and how each does.
import type { BrokerView } from '@castellan/castle/views'
import { apiOf, castleOption } from '../castle-api.ts'
import type { Command } from '../command.ts'
import { UsageError } from '../errors.ts'
import type { Output } from '../io.ts'
import { ageText, bytesText, type Cell, countText, harmless, jsonOption, paint, print, table } from '../output/index.ts'

export const list: Command = {
  name: 'broker list',
  summary: 'Lists the brokers: up, down or recovering their logs, what they hold, and how their disks do.',
  options: [castleOption, jsonOption],
  examples: [{ words: 'broker list', doc: 'all brokers' }],
  async run(input, io) {
    const brokers = await apiOf(input).list<BrokerView>('/api/brokers')
    return await print(input, io, brokers, () =>
      table(
        io.stdout,
        [
          'BROKER',
          'CLUSTER',
          'STATE',
          'SINCE',
          'ADDRESS',
          'LEADS',
          'REPLICAS',
          'LOGS',
          'LOOP HELD',
          'WRITES',
          'FAULTS',
        ],
        brokers.map((broker) => rowOf(broker, Date.now())),
      ),
    )
  },
}

function rowOf(broker: BrokerView, nowMs: number): Cell[] {
  const { id, cluster, since, host, port, leaders, replicas, vitals, faults } = broker
  return [
    id,
    cluster,
    stateCell(broker),
    ageText(nowMs - Date.parse(since)),
    `${host}:${port}`,
    leaders,
    replicas,
    vitals && bytesText(vitals.logBytes),
    vitals && ageText(vitals.loopHeldMs),
    vitals && writesCell(vitals),
    faults.length === 0 ? 0 : { text: faults.length, style: 'red' },
  ]
}

/** In a word or two (a Castle of an earlier release says nothing of recovery); of one that is starting, how far it is. */
export function stateCell({ state, stopping, recovery }: Pick<BrokerView, 'state' | 'stopping' | 'recovery'>): Cell {
  if (recovery != null) {
    return { text: `recovering ${countText(recovery.opened)}/${countText(recovery.logs)}`, style: 'yellow' }
  }
  if (state === 'down') return { text: 'down', style: 'red' }
  return stopping ? { text: 'stopping', style: 'yellow' } : { text: 'up', style: 'green' }
}

type Vitals = NonNullable<BrokerView['vitals']>

function writesCell({ writePath, longestWriteMs }: Vitals): Cell {
  const text = `${writePath} ${ageText(longestWriteMs)}`
  return writePath === 'async' ? { text, style: 'yellow' } : text
}

export const describe: Command = {
  name: 'broker describe',
  summary: 'Shows a broker: its state, its logs, how its event loop and its disk do, and what is wrong with its logs.',
  args: [{ name: 'ID', doc: 'The number of the broker.' }],
  options: [castleOption, jsonOption],
  examples: [{ words: 'broker describe 1', doc: 'how broker 1 does' }],
  async run(input, io) {
    const id = input.arg(0)
    const brokers = await apiOf(input).list<BrokerView>('/api/brokers')
    const broker = brokers.find((each) => String(each.id) === id)
    if (broker === undefined) {
      throw new UsageError(
        `there is no broker '${id}': there are ${brokers.map((each) => each.id).join(', ') || 'none'}`,
      )
    }
    return await print(input, io, broker, () => described(io.stdout, broker, Date.now()))
  },
}

const stops = {
  clean: 'in good order',
  killed: 'killed, or crashed; nothing written is lost',
  lost: 'with the machine: what was not synced may be gone',
  first: 'there was none',
} as const

function described(out: Output, broker: BrokerView, nowMs: number): string {
  const { id, cluster, why, since, host, port, rack, pid, release, leaders, replicas, vitals, recovery, faults } =
    broker
  const state = stateCell(broker)
  const about: Cell[][] = [
    ['State', state],
    ['Why', `${why}, ${ageText(nowMs - Date.parse(since))} ago`],
    ['Address', `${host}:${port}`],
    ['Rack', rack],
    ['Process', `${pid}, release ${release}${startedText(broker, nowMs)}`],
    ['Partitions', `leads ${countText(leaders)}, holds ${countText(replicas)}`],
    ...(recovery == null ? [] : [['Recovery', recoveryText(recovery)]]),
    ...(vitals == null ? [] : vitalsRows(vitals)),
  ]
  const damaged = faults.map(({ topic, topicId, partition, fault }): Cell[] => [topic ?? topicId, partition, fault])
  return [
    `${paint(out, 'bold', `Broker ${id}`)}  ${harmless(`cluster ${cluster}`)}`,
    table(out, ['', ''], about).split('\n').slice(1).join('\n'),
    ...(damaged.length === 0 ? [] : ['', table(out, ['TOPIC', 'PARTITION', 'OUT OF USE, FOR'], damaged)]),
  ].join('\n')
}

/** A Castle or a broker of an earlier release does not tell; one that recovers is another process than the one that was registered. */
function startedText({ startedAt, recovery }: BrokerView, nowMs: number): string {
  if (startedAt == null) return ''
  const age = `${ageText(nowMs - Date.parse(startedAt))} ago`
  return recovery == null ? `, started ${age}` : `; another one started ${age}, and recovers its logs`
}

function recoveryText({ logs, opened, bytesToCheck, bytesChecked }: NonNullable<BrokerView['recovery']>): string {
  return `${countText(opened)} of ${countText(logs)} logs open, ${bytesText(bytesChecked)} of ${bytesText(bytesToCheck)} checked`
}

function vitalsRows({
  logBytes,
  loopHeldMs,
  writePath,
  longestWriteMs,
  slowWrites,
  leftLoop,
  lastStop,
}: Vitals): Cell[][] {
  const path = writePath === 'sync' ? 'on the event loop' : 'off the event loop: its disk makes writers wait'
  return [
    ['Logs', bytesText(logBytes)],
    ['Loop held', `${ageText(loopHeldMs)} at most, in the last minute`],
    ['Writes', writePath === 'sync' ? path : { text: path, style: 'yellow' }],
    ['', `${ageText(longestWriteMs)} at most, in the last minute; ${countText(slowWrites)} slow ones since its start`],
    ['', `left the loop ${countText(leftLoop)} times`],
    ['Last stop', lastStop === 'lost' ? { text: stops[lastStop], style: 'red' } : stops[lastStop]],
  ]
}
