// `castellan status`: one look at everything; the exit code says whether anything is wrong.
import type { BrokerView, HealthView, ProblemView } from '@castellan/castle/views'
import { apiOf, castleOption, castleUrls } from '../castle-api.ts'
import type { Command } from '../command.ts'
import type { Output } from '../io.ts'
import { ageText, type Cell, counted, jsonOption, paint, print, table } from '../output/index.ts'
import { stateCell } from './broker-views.ts'
import { problemText } from './problem-texts.ts'

interface Status {
  readonly ok: boolean
  readonly castle: HealthView
  readonly brokers: readonly BrokerView[]
  readonly problems: readonly ProblemView[]
}

export const status: Command = {
  name: 'status',
  summary: 'Shows Castle, its brokers, and what is wrong. The exit code is 1 when something is.',
  options: [castleOption, jsonOption],
  examples: [{ words: 'status', doc: 'one look' }],
  async run(input, io) {
    const api = apiOf(input)
    const [castle, brokers, problems] = await Promise.all([
      api.get<HealthView>('/api/health'),
      api.list<BrokerView>('/api/brokers'),
      api.list<ProblemView>('/api/problems'),
    ])
    const ok = problems.length === 0 && brokers.every(({ state }) => state === 'up')
    const found: Status = { ok, castle, brokers, problems }
    await print(input, io, found, () => statusText(io.stdout, castleUrls(input).join(','), found, Date.now()))
    return ok ? 'done' : 'failed'
  },
}

function statusText(out: Output, url: string, { ok, castle, brokers, problems }: Status, nowMs: number): string {
  const { release, uptimeMs, castleEpoch, clusters } = castle
  const brokerRows = brokers.map((broker): Cell[] => [
    broker.id,
    broker.cluster,
    stateCell(broker),
    ageText(nowMs - Date.parse(broker.since)),
    `${broker.host}:${broker.port}`,
    broker.rack,
    broker.leaders,
    broker.replicas,
    broker.faults.length === 0 ? 0 : { text: broker.faults.length, style: 'red' },
  ])
  const problemRows = problems.map((problem): Cell[] => [
    { text: problem.kind, style: problem.harm === 1 ? 'red' : 'yellow' },
    ageText(nowMs - Date.parse(problem.since)),
    problemText(problem),
  ])
  return [
    `Castle ${release} at ${url}, up ${ageText(uptimeMs)}, epoch ${castleEpoch}`,
    ...clusters.map(({ id, brokers: all, brokersUp, leaderless }) => {
      const lacks = leaderless === 0 ? '' : paint(out, 'red', `, ${counted(leaderless, 'partition')} without a leader`)
      return `Cluster ${id}: ${brokersUp} of ${all} brokers up${lacks}`
    }),
    '',
    table(out, ['BROKER', 'CLUSTER', 'STATE', 'SINCE', 'ADDRESS', 'RACK', 'LEADS', 'REPLICAS', 'FAULTS'], brokerRows),
    '',
    ok ? paint(out, 'green', 'Nothing is wrong.') : problemsText(out, problemRows),
  ].join('\n')
}

function problemsText(out: Output, rows: readonly (readonly Cell[])[]): string {
  return rows.length === 0
    ? paint(out, 'red', 'Not all brokers are up.')
    : table(out, ['PROBLEM', 'SINCE', 'WHAT'], rows)
}
