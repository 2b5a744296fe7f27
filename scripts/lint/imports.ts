// Which file may import what: packages know each other in one direction only, and Node's disk, network and timers are
// touched at the rim alone, so that the simulator runs the very code that production runs (design, decision 5, Layout).
//
// `lint` runs this over the files of the repository: `node scripts/lint/imports.ts`.

/** The packages of the workspace, and which of them each may import. */
const mayImport: Record<string, readonly string[]> = {
  protocol: [],
  broker: ['@castellan/protocol'],
  sdk: ['@castellan/protocol'],
  castle: ['@castellan/protocol', '@castellan/sdk/kafka'],
  testing: ['@castellan/protocol', '@castellan/broker', '@castellan/castle', '@castellan/sdk'],
  console: [],
  cli: ['@castellan/protocol', '@castellan/broker', '@castellan/castle', '@castellan/sdk'],
  test: [
    '@castellan/protocol',
    '@castellan/broker',
    '@castellan/castle',
    '@castellan/sdk',
    '@castellan/testing',
    '@castellan/cli',
    '@castellan/console',
  ],
  scripts: [],
}

/** Packages whose code runs in the simulator: what they take from the machine comes through Runtime. */
const simulated = ['protocol', 'broker', 'castle', 'sdk']

/** The rim: files of simulated packages that may touch the machine (architecture.md, Rooms). */
const rim = [
  /^protocol\/runtime\/node[^/]*$/,
  /^castle\/http\//,
  /^castle\/store\/sqlite[^/]*$/,
  /^broker\/metrics\//,
  /^sdk\/connect\.ts$/,
  /\/main\.ts$/,
  /\.test\.ts$/,
  /\.child\.ts$/, // a process that a test starts
]

/** Node's modules that are pure enough for code that must replay: no disk, no network, no clock, no dice, no threads. */
const pureNodeModules = ['assert', 'assert/strict', 'buffer', 'events', 'path', 'path/posix', 'util', 'zlib']

/** Libraries that touch the machine, and the only places that may import them. */
const rimLibraries: Record<string, readonly RegExp[]> = {
  ws: [/^protocol\/runtime\/node/, /^castle\/http\//, /^test\//],
  fastify: [/^castle\/http\//],
  '@fastify/static': [/^castle\/http\//],
  'better-sqlite3': [/^castle\/store\/sqlite/, /^test\//],
  'prom-client': [/^broker\/metrics\//, /^castle\/http\//],
  pino: [/\/main\.ts$/, /^cli\//, /^broker\/metrics\//, /^castle\/http\//],
}

/** Says what is wrong with `specifier` in `file` (its path from the root of the repository), or undefined when it is fine. */
export function judge(file: string, specifier: string): string | undefined {
  const home = file.split('/')[0] ?? ''
  if (specifier.startsWith('.')) return judgeRelative(file, home, specifier)
  if (specifier.startsWith('@castellan/')) return judgePackage(home, specifier)
  return judgeMachine(file, home, specifier)
}

function judgeRelative(file: string, home: string, specifier: string): string | undefined {
  const target = new URL(specifier, `file:///${file}`).pathname.slice(1)
  if (target.split('/')[0] !== home && mayImport[home] !== undefined) {
    return `leaves its package: import @castellan/${target.split('/')[0]} by name`
  }
  if (!/\.(ts|tsx|mjs|json|css)$/.test(target)) return 'names no file: write the extension, such as ./name.ts'
  return undefined
}

function judgePackage(home: string, specifier: string): string | undefined {
  const allowed = mayImport[home]
  if (allowed === undefined) return undefined
  if ([`@castellan/${home}`, ...allowed].some((name) => specifier === name || specifier.startsWith(`${name}/`)))
    return undefined
  return `${home} may import ${allowed.length === 0 ? 'no other package' : `only ${allowed.join(', ')}`}`
}

function judgeMachine(file: string, home: string, specifier: string): string | undefined {
  const places = rimLibraries[specifier]
  if (places !== undefined && !file.endsWith('.test.ts') && !places.some((place) => place.test(file))) {
    return `${specifier} touches the machine and is imported only at the rim (scripts/lint/imports.ts says where)`
  }
  if (!specifier.startsWith('node:') || !simulated.includes(home)) return undefined
  if (pureNodeModules.includes(specifier.slice('node:'.length)) || rim.some((place) => place.test(file)))
    return undefined
  return `${specifier} belongs to the rim: take disk, network, time and chance from Runtime`
}

/** Every module that the text of a TypeScript file imports or exports from, types too. Formatted code is assumed. */
export function importsOf(text: string): { specifier: string; line: number }[] {
  const found: { specifier: string; line: number }[] = []
  const pattern = /^(?:import|export)\s(?:[^'"`;]*?\sfrom\s)?'([^']+)'|\bimport\('([^']+)'\)/gm
  for (const match of text.matchAll(pattern)) {
    const specifier = match[1] ?? match[2]
    if (specifier !== undefined) found.push({ specifier, line: text.slice(0, match.index).split('\n').length })
  }
  return found
}
