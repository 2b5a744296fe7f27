// Makes the fixtures of a release: what it left on disk, its SDK and its broker. `node test/compatibility/record/main.ts v0.1.0`
//
//   <tag>/stopped.tgz killed.tgz   data folders of its `castellan start`, stopped in good order and by kill -9
//   <tag>/content.json.gz           what is in them, as its own SDK was told
//   <tag>/sdk.tgz                  what its `npm run pack:sdk` makes
//   <tag>/broker.mjs.gz            its broker in one file; libraries with native code stay outside
//
// Once for each release, when it is tagged; the release is checked out into a temporary folder.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { root, TestProcess, waitFor } from '../../processes/index.ts'
import { fill, type Sdk } from './fill.ts'

const [tag = ''] = process.argv.slice(2)
const release = mkdtempSync(join(tmpdir(), 'castellan-release-'))
const into = join(import.meta.dirname, '..', tag)
try {
  checkOut()
  mkdirSync(into, { recursive: true })
  packSdk()
  await bundleBroker()
  const content = { stopped: await recordData('stopped'), killed: await recordData('killed') }
  writeFileSync(join(into, 'content.json.gz'), gzipSync(JSON.stringify(content)))
} finally {
  rmSync(release, { recursive: true, force: true })
}

function checkOut(): void {
  const archive = join(release, 'release.tar')
  execFileSync('git', ['archive', '--output', archive, tag], { cwd: root })
  execFileSync('tar', ['xf', archive], { cwd: release })
  const install = ['-y', 'pnpm@12', 'install', '--frozen-lockfile', '--prefer-offline']
  execFileSync('npx', install, { cwd: release, stdio: ['ignore', 'ignore', 'inherit'] })
}

function packSdk(): void {
  const words = ['scripts/pack/main.ts', 'sdk', '--json', '--out', release]
  const said = execFileSync(process.execPath, words, { cwd: release, encoding: 'utf8' })
  renameSync((JSON.parse(said) as { file: string }).file, join(into, 'sdk.tgz'))
}

/** From a file of the release itself, so that it resolves the release's own libraries. */
async function bundleBroker(): Promise<void> {
  writeFileSync(join(release, 'entry.ts'), readFileSync(join(import.meta.dirname, 'broker-entry.txt')))
  const { rolldown } = await import('rolldown')
  const native = ['@node-rs/crc32', 'lz4-napi', 'snappy']
  const build = await rolldown({ input: join(release, 'entry.ts'), platform: 'node', external: native })
  const { output } = await build.generate({ format: 'esm', minify: true, codeSplitting: false })
  await build.close()
  writeFileSync(join(into, 'broker.mjs.gz'), gzipSync(output[0].code, { level: 9 }))
}

async function recordData(kind: 'stopped' | 'killed') {
  const data = join(release, kind)
  const words = ['start', '--data', data, '--castle-port', '0', '--broker-port', '0', '--no-restart']
  const platform = new TestProcess(tag, join(release, 'cli', 'main.ts'), words, { cwd: release })
  const castle = await waitFor('the release to be ready', () => /castle=(\S+)/.exec(platform.stdout)?.[1], 60_000)
  const sdk = (await import(join(release, 'sdk', 'index.ts'))) as Sdk
  const content = await fill(sdk, castle)
  if (kind === 'stopped') await platform.stop()
  else await killAll(platform, castle)
  const left = [`${kind}/logs`, `${kind}/running.json`].map((path) => `--exclude=${path}`)
  const anonymous = ['--owner=0', '--group=0', '--numeric-owner', '--sort=name']
  execFileSync('tar', ['czf', join(into, `${kind}.tgz`), '--anchored', ...left, ...anonymous, kind], { cwd: release })
  return content
}

/** All at once, so that nobody has time to put anything in order. */
async function killAll(platform: TestProcess, castle: string): Promise<void> {
  const { items } = (await (await fetch(`${castle}/api/brokers`)).json()) as { items: { pid: number }[] }
  const supervisor = platform.pid
  const children = execFileSync('ps', ['-o', 'pid=', '--ppid', String(supervisor)], { encoding: 'utf8' })
  const pids = new Set([...items.map(({ pid }) => pid), ...children.trim().split(/\s+/).map(Number)])
  platform.signal('SIGSTOP') // else it mends what it sees die
  for (const pid of pids) process.kill(pid, 'SIGKILL')
  await platform.kill()
}
