// A package's TypeScript as plain JavaScript: one CommonJS bundle, and an ESM face over it.
//
// Only one of the two formats may hold the code: a service that loads the package both ways (its own `import`, a library's `require`)
// would otherwise have two of everything, and `instanceof CastellanError` would depend on who loaded what. CommonJS is the one that every
// Node from 20 on can load both ways. For the same reason a library that is ESM only (typebox) goes into the bundle.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { join } from 'node:path'
import { rolldown } from 'rolldown'

export interface BundleOptions {
  /** Name of an output file, without extension, to the TypeScript it is made from. */
  readonly entries: Readonly<Record<string, string>>
  /** Packages whose code goes into the bundle; all others stay dependencies. */
  readonly bundled: readonly string[]
  readonly folder: string
}

export interface Bundle {
  /** Packages that the JavaScript loads at run time. */
  readonly dependencies: readonly string[]
  /** The licences of other people's code that is now inside. */
  readonly notices: string
}

/** Writes NAME.cjs, NAME.mjs and what they share into `folder`. Throws when something cannot be resolved. */
export async function bundleInto({ entries, bundled, folder }: BundleOptions): Promise<Bundle> {
  const build = await rolldown({
    input: { ...entries },
    platform: 'node',
    external: (id) => !id.startsWith('.') && !id.startsWith('/') && !bundled.includes(packageOf(id)),
    transform: { target: 'node20' },
    onLog: (level, log) => {
      if (level === 'warn') throw new Error(log.message)
    },
  })
  const { output } = await build.write({
    dir: folder,
    format: 'cjs',
    entryFileNames: '[name].cjs',
    chunkFileNames: 'shared-[name].cjs',
  })
  await build.close()

  const dependencies = new Set<string>()
  const modules: string[] = []
  for (const chunk of output) {
    if (chunk.type !== 'chunk') continue
    modules.push(...chunk.moduleIds)
    const loaded = [...chunk.imports, ...chunk.dynamicImports].filter((id) => !id.endsWith('.cjs'))
    for (const id of loaded) if (!isBuiltin(id)) dependencies.add(packageOf(id))
    if (chunk.isEntry) writeFileSync(join(folder, `${chunk.name}.mjs`), face(chunk.name, chunk.exports))
  }
  return { dependencies: [...dependencies].sort(), notices: noticesOf(modules) }
}

/** `@scope/name/sub/path` -> `@scope/name`. */
export function packageOf(id: string): string {
  return id
    .split('/')
    .slice(0, id.startsWith('@') ? 2 : 1)
    .join('/')
}

function face(name: string, exports: readonly string[]): string {
  return `import bundle from './${name}.cjs'\nexport const { ${[...exports].sort().join(', ')} } = bundle\n`
}

/** Their authors ask that their names stay with the code. */
function noticesOf(modules: readonly string[]): string {
  const homes = modules.flatMap((file) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0] ?? [])
  const notices = [...new Set(homes)].sort().map((home) => {
    const { name, version } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8')) as Record<string, string>
    const file = readdirSync(home).find((entry) => /^licen[cs]e/i.test(entry))
    if (file === undefined) throw new Error(`${name} says nowhere how it may be passed on: keep it a dependency`)
    return `${name} ${version}\n\n${readFileSync(join(home, file), 'utf8').trim()}\n`
  })
  return notices.join(`\n${'-'.repeat(80)}\n\n`)
}
