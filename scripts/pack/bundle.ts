// A package's TypeScript as plain JavaScript: one CommonJS bundle, and an ESM face over it.
//
// Only one of the two formats may hold the code: a service that loads the package both ways (its own `import`, a library's `require`)
// would otherwise have two of everything, and `instanceof CastellanError` would depend on who loaded what. CommonJS is the one that every
// Node from 20 on can load both ways.
import { writeFileSync } from 'node:fs'
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
  for (const chunk of output) {
    if (chunk.type !== 'chunk') continue
    const loaded = [...chunk.imports, ...chunk.dynamicImports].filter((id) => !id.endsWith('.cjs'))
    for (const id of loaded) if (!isBuiltin(id)) dependencies.add(packageOf(id))
    if (chunk.isEntry) writeFileSync(join(folder, `${chunk.name}.mjs`), face(chunk.name, chunk.exports))
  }
  return { dependencies: [...dependencies].sort() }
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
