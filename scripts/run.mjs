// The one door to everything: `npm start`, `npm test` and the rest come through here.
//
// It makes sure that the dependencies stand (Node 24 and pnpm among them) and the console is built, then runs the program on the pinned Node 24
// and steps aside: signals go in, the exit code comes out. It runs on whatever Node >= 20 the machine has, on every call,
// so it is plain JavaScript without dependencies and does next to nothing when all is in place. The npm scripts call it by
// `exec`: with a shell between, npm's SIGTERM would end the shell and never arrive here.
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, linkSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const programs = {
  start: { file: 'cli/main.ts', args: ['start'], servesConsole: () => true },
  castellan: { file: 'cli/main.ts', args: [], servesConsole: ([word]) => word === 'start' || word === 'castle' },
  test: { file: 'test/runner/main.ts', args: [], servesConsole: () => true },
  'test:long': {
    file: 'test/runner/main.ts',
    args: [],
    env: { CASTELLAN_LONG: '1' },
    servesConsole: () => true,
  },
  docs: { file: 'cli/docs/main.ts', args: [] },
  demo: { file: 'test/demo/main.ts', args: [] },
  bench: { file: 'test/bench/main.ts', args: [] },
  'pack:sdk': { file: 'scripts/pack/main.ts', args: ['sdk'] },
  'pack:testing': { file: 'scripts/pack/main.ts', args: ['testing'] },
  chaos: { file: 'test/chaos/main.ts', args: [] },
  simulate: { file: 'test/simulation/main.ts', args: [] },
}

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const modules = join(root, 'node_modules')
const stampFile = join(modules, '.castellan-stamp')
const lockFile = join(modules, '.castellan-install-lock')
const consoleFolder = join(root, 'console')

const [name = '', ...rest] = process.argv.slice(2)
const program = programs[name]
if (program === undefined) fail(`Unknown program '${name}': use one of ${Object.keys(programs).join(', ')}.`)
if (Number.parseInt(process.versions.node, 10) < 20) {
  fail(`Node ${process.versions.node} is too old to start with: install Node 20 or newer and run this again.`)
}
const stamp = currentStamp()
if (!isInstalled(stamp)) await install(stamp)
if (program.servesConsole?.(rest) && existsSync(join(consoleFolder, 'package.json'))) await buildConsole(stamp)
run(program, rest)

/** Changes whenever an install would: the lockfile, a package.json, or the machine's kind. */
function currentStamp() {
  const workspace = readFileSync(join(root, 'pnpm-workspace.yaml'), 'utf8')
  const packages = [...workspace.matchAll(/^ {2}- (\S+)$/gm)].map((match) => join(match[1], 'package.json'))
  const hash = createHash('sha256').update(`${process.platform} ${process.arch} ${workspace}`)
  for (const file of ['pnpm-lock.yaml', 'package.json', ...packages]) {
    if (existsSync(join(root, file))) hash.update(file).update(readFileSync(join(root, file)))
  }
  return hash.digest('hex')
}

function isInstalled(stamp) {
  return existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp && existsSync(nodeBinary())
}

function nodeBinary() {
  return join(modules, 'node', 'bin', 'node')
}

async function install(stamp) {
  try {
    mkdirSync(modules, { recursive: true })
    await takeLock()
  } catch (error) {
    fail(`Cannot write to ${modules} (${error.code}): make the folder writable and run this again.`)
  }
  try {
    if (isInstalled(stamp)) return // another run was faster
    process.stderr.write('Installing dependencies (Node 24 among them); the next start needs no install ...\n')
    const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    const env = { ...process.env, CI: 'true' } // pnpm then never asks
    const options = { cwd: root, env, encoding: 'utf8', maxBuffer: 64 << 20 }
    const done = spawnSync('npx', ['-y', packageManager, 'install', '--frozen-lockfile'], options)
    if (done.error || done.status !== 0) {
      process.stderr.write(`${done.stdout ?? ''}${done.stderr ?? ''}`)
      fail(`The install failed (${done.error?.message ?? `above is what pnpm said`}): mend that and run this again.`)
    }
    // Other files name the new stamp only when it is whole.
    writeFileSync(`${stampFile}.${process.pid}`, stamp)
    renameSync(`${stampFile}.${process.pid}`, stampFile)
  } finally {
    rmSync(lockFile, { force: true })
  }
}

/** The console is the one thing that has to be built: when its sources, or the libraries it is made of, are others than last time. */
async function buildConsole(stamp) {
  const dist = join(consoleFolder, 'dist')
  const wanted = consoleStamp(stamp)
  const isBuilt = () => existsSync(join(dist, '.stamp')) && readFileSync(join(dist, '.stamp'), 'utf8') === wanted
  if (isBuilt()) return
  await takeLock()
  try {
    if (isBuilt()) return // another run was faster
    process.stderr.write('Building the console ...\n')
    // Beside the old one, which a running Castle may serve: it is replaced when the new one is whole.
    const fresh = join(consoleFolder, `dist-${process.pid}`)
    const vite = join(consoleFolder, 'node_modules', 'vite', 'bin', 'vite.js')
    const options = { cwd: consoleFolder, encoding: 'utf8', env: { ...process.env, CONSOLE_DIST: fresh } }
    const done = spawnSync(nodeBinary(), [vite, 'build'], options)
    if (done.error || done.status !== 0) {
      rmSync(fresh, { recursive: true, force: true })
      process.stderr.write(`${done.stdout ?? ''}${done.stderr ?? ''}`)
      fail(
        `The console cannot be built (${done.error?.message ?? 'above is what vite said'}): mend that and run this again.`,
      )
    }
    writeFileSync(join(fresh, '.stamp'), wanted)
    rmSync(dist, { recursive: true, force: true })
    renameSync(fresh, dist)
  } finally {
    rmSync(lockFile, { force: true })
  }
}

/** Changes whenever a build would: the console's sources, and what the install's stamp stands for. */
function consoleStamp(stamp) {
  const hash = createHash('sha256').update(stamp)
  const add = (folder) => {
    for (const entry of readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = join(folder, entry.name)
      if (entry.isDirectory()) {
        if (entry.name !== 'node_modules' && !entry.name.startsWith('dist')) add(path)
      } else if (!/\.test\.ts$|\.md$/.test(entry.name)) hash.update(path.slice(root.length)).update(readFileSync(path))
    }
  }
  add(consoleFolder)
  return hash.digest('hex')
}

/** Waits until no other run installs. A lock whose process is gone is taken over. */
async function takeLock() {
  for (let waits = 0; ; waits++) {
    try {
      writeFileSync(lockFile, String(process.pid), { flag: 'wx' })
      process.on('exit', () => rmSync(lockFile, { force: true }))
      return
    } catch (error) {
      if (error.code !== 'EEXIST') throw error
    }
    if (waits === 0) process.stderr.write('Waiting for another run that installs or builds ...\n')
    dropStaleLock()
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

function dropStaleLock() {
  const aside = `${lockFile}.${process.pid}`
  try {
    if (isAlive(Number(readFileSync(lockFile, 'utf8')))) return
    renameSync(lockFile, aside)
    // Between reading and renaming, another run may have taken the lock: then it goes back.
    if (isAlive(Number(readFileSync(aside, 'utf8')))) linkSync(aside, lockFile)
  } catch (error) {
    if (error.code !== 'ENOENT' && error.code !== 'EEXIST') throw error
  }
  rmSync(aside, { force: true })
}

function isAlive(pid) {
  if (!(pid > 0)) return true // just being written
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}

function run({ file, args, env }, rest) {
  if (!existsSync(join(root, file))) fail(`'${name}' is not part of this version: ${file} does not exist.`)
  const child = spawn(nodeBinary(), [join(root, file), ...args, ...rest], {
    stdio: 'inherit',
    // npm goes to the root first; relative paths mean the folder where the person stands.
    cwd: process.env.npm_lifecycle_event === undefined ? process.cwd() : (process.env.INIT_CWD ?? root),
    env: {
      ...process.env,
      PATH: `${dirname(nodeBinary())}${delimiter}${process.env.PATH ?? ''}`,
      NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? join(modules, '.cache', 'node'),
      CASTELLAN_LAUNCHER: String(process.pid), // whoever must not outlive this process watches it
      ...env,
    },
  })
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP']
  for (const signal of signals) process.on(signal, () => child.kill(signal))
  if (process.env.npm_lifecycle_event !== undefined) watchParent(child)
  child.on('error', (error) => fail(`Cannot run ${nodeBinary()} (${error.code}): delete node_modules and try again.`))
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code)
    for (const passed of signals) process.removeAllListeners(passed)
    process.kill(process.pid, signal)
  })
}

/** npm killed with -9 tells nobody; what it started should not stay behind. */
function watchParent(child) {
  const parent = process.ppid
  const check = () => process.ppid !== parent && child.kill('SIGTERM')
  setInterval(check, 500).unref()
}

function fail(sentence) {
  process.stderr.write(`castellan: ${sentence}\n`)
  process.exit(1)
}
