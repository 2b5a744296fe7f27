// `npm run demo`: the real event stream through a platform, with its totals checked. Exit code 1 if they are not equal, 2 if it
// was not called as it is meant.
//
// It uses the platform that runs at --castle (default http://127.0.0.1:8600), or starts one of its own and stops it at the end.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { castellan, TestProcess, waitFor } from '../processes/index.ts'
import { problemsOf, readLog } from './log.ts'
import { ProgressBar } from './progress.ts'
import { consumerCount, type DemoResult, groupOf, runDemo } from './run.ts'

interface Platform {
  readonly castle: string
  readonly bootstrap: string
  stop(): Promise<void>
}

/** Trouble that a sentence explains. */
class DemoError extends Error {}

const castleDefault = 'http://127.0.0.1:8600'
const words = castleOf(process.argv.slice(2))
if ('problem' in words) {
  console.error(`demo: ${words.problem}`)
  process.exitCode = 2
} else {
  process.exitCode = (await main(words.castle)) ? 0 : 1
}

/** What --castle says, if it is given; or what is wrong with the command line. */
function castleOf(args: string[]): { castle: string | undefined } | { problem: string } {
  const right = 'Use npm run demo, or npm run demo -- --castle URL.'
  try {
    const { castle } = parseArgs({ args, options: { castle: { type: 'string' } } }).values
    if (castle === undefined || URL.canParse(castle)) return { castle }
    return { problem: `--castle is '${castle}', but must be a URL such as ${castleDefault}. ${right}` }
  } catch (error) {
    if (!(error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS'))) throw error
    const [sentence = ''] = error.message.split(/\. |\n/, 1)
    return { problem: `${sentence.replace(/\.$/, '')}. ${right}` }
  }
}

async function main(asked: string | undefined): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), 'castellan-demo-'))
  let platform: Platform | undefined
  try {
    platform = (await runningPlatform(asked)) ?? (await ownPlatform(join(folder, 'data')))
    return await demo(platform, join(folder, 'ledger.sqlite'))
  } catch (error) {
    if (!(error instanceof DemoError)) throw error
    console.error(`demo: ${error.message}`)
    return false
  } finally {
    await platform?.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function demo({ castle, bootstrap }: Platform, ledgerFile: string): Promise<boolean> {
  const topic = await freshTopic(castle)
  console.log(`group ${groupOf(topic)}: ${consumerCount} consumers`)
  let bar: ProgressBar | undefined
  const result = await runDemo({
    castle,
    topic,
    ledgerFile,
    say: (line) => console.log(process.stdout.isTTY ? `\r\x1b[K${line}` : line), // over the bar
    onProgress({ events, acknowledged, counted }) {
      bar ??= new ProgressBar(events)
      bar.show(acknowledged, counted)
    },
  })
  bar?.end()
  const problems = problemsOf(await readLog(bootstrap, topic), result)
  print(result, problems)
  return result.isRight && problems.length === 0
}

function print({ lines, seconds, totals, expected, faults, isRight }: DemoResult, problems: readonly string[]): void {
  const columns = (cells: readonly (string | number)[]) =>
    cells.map((cell, index) => (index === 0 ? String(cell).padEnd(26) : String(cell).padStart(10))).join('')
  const cells = (total: { events: number; added: number; removed: number } | undefined) =>
    total === undefined ? ['-', '-', '-'] : [total.events, total.added, total.removed]
  console.log(`\n${columns(['', 'consumers', '', '', 'file', '', ''])}`)
  console.log(columns(['folder', 'events', 'added', 'removed', 'events', 'added', 'removed']))
  for (const total of expected) {
    const counted = totals.find(({ folder: name }) => name === total.folder)
    const differs = JSON.stringify(counted) === JSON.stringify(total) ? '' : '  <- differs'
    console.log(columns([total.folder, ...cells(counted), ...cells(total)]) + differs)
  }
  for (const { kind, partition, detail } of faults.slice(0, 20))
    console.log(`${kind} in partition ${partition}: ${detail}`)
  for (const problem of problems.slice(0, 20)) console.log(`log: ${problem}`)
  const rate = Math.round(lines.length / seconds)
  console.log(`\n${lines.length} events in ${seconds.toFixed(1)} s: ${rate} messages/s from file to totals`)
  console.log(isRight && problems.length === 0 ? 'equal: every event counted once, in order' : 'NOT EQUAL')
}

/** A topic of this run alone: what an earlier one left is not touched. */
async function freshTopic(castle: string): Promise<string> {
  for (let number = 1; ; number++) {
    const name = number === 1 ? 'file-changes' : `file-changes-${number}`
    const response = await fetch(`${castle}/api/topics/${name}`)
    if (response.status === 404) return name
    if (!response.ok) throw new Error(`Castle answered ${response.status}: ${await response.text()}`)
  }
}

/** The platform that runs at the address; undefined: none does. One that was asked for by name has to be there. */
async function runningPlatform(asked: string | undefined): Promise<Platform | undefined> {
  const castle = asked ?? castleDefault
  try {
    const response = await fetch(`${castle}/api/brokers`)
    const { items } = (await response.json()) as { items: { host: string; port: number }[] }
    console.log(`using the platform at ${castle}`)
    return { castle, bootstrap: items.map(({ host, port }) => `${host}:${port}`).join(','), stop: async () => {} }
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    if (asked === undefined) return undefined
    throw new DemoError(`No platform answers at ${asked}: start it (npm start), or leave --castle out.`)
  }
}

async function ownPlatform(data: string): Promise<Platform> {
  const words = ['start', '--castle-port', '0', '--broker-port', '0', '--data', data]
  const supervisor = new TestProcess('start', castellan, words)
  process.once('SIGINT', () => supervisor.signal('SIGINT'))
  const line = await waitFor('the platform to be ready', () => {
    if (!supervisor.isRunning) return 'ended'
    return /^ready castle=(\S+) bootstrap=(\S+)$/m.exec(supervisor.stdout) ?? undefined
  })
  if (line === 'ended') throw new DemoError(supervisor.stderr.trim())
  const [, castle = '', bootstrap = ''] = line
  console.log(`started a platform: castle ${castle}, brokers ${bootstrap}`)
  return { castle, bootstrap, stop: () => supervisor.stop() }
}
