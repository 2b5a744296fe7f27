// A package's type declarations: what tsc writes for each file, less what the exports do not reach, with imports that resolve outside
// of the workspace too.
//
// No library makes one file of them: the ones there are need the compiler as a library, which TypeScript 7 does not have (they would
// bring an older one, 23 MB, for everybody who clones). The files mirror the rooms of the source instead.
// They are CommonJS (.d.cts), as the code is; the ESM face re-exports them, so that both see the same classes.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join, relative, resolve } from 'node:path'
import { packageOf } from './bundle.ts'
import { reach } from './reach.ts'

export interface DeclarationOptions {
  readonly root: string
  /** As for the bundle. */
  readonly entries: Readonly<Record<string, string>>
  /** Files that bundled packages of the workspace export, by specifier. */
  readonly workspace: Readonly<Record<string, string>>
  /** Packages that users get with this one. */
  readonly dependencies: readonly string[]
  readonly folder: string
}

/**
 * Writes NAME.d.cts and NAME.d.mts for each entry, and `types/`, into `folder`. Checks on the way that the code asks no more of the
 * language's library than Node 20 has. Throws with tsc's words, or when a declaration imports what users do not have.
 */
export function declareInto(options: DeclarationOptions): void {
  const emitted = mkdtempSync(join(tmpdir(), 'castellan-types-'))
  try {
    emit(options, emitted)
    const entries = Object.entries(options.entries).map(([name, source]) => [name, declarationOf(options.root, source)])
    const files = reach(
      entries.map(([, file]) => file!),
      {
        read: (file) => readFileSync(join(emitted, file), 'utf8'),
        resolve: resolverOf(options),
        usersHave: (specifier) => isBuiltin(specifier) || options.dependencies.includes(packageOf(specifier)),
      },
      (file, from) => (from.isOurs ? importPath(file, from.file) : from.file),
    )
    for (const [file, text] of files) write(join(options.folder, 'types', file.replace(/\.d\.ts$/, '.d.cts')), text)
    for (const [name, file] of entries) {
      const face = `export * from './types/${file!.replace(/\.d\.ts$/, '.cjs')}';\n`
      for (const kind of ['cts', 'mts']) write(join(options.folder, `${name}.d.${kind}`), face)
    }
  } finally {
    rmSync(emitted, { recursive: true, force: true })
  }
}

function emit({ root, entries, workspace }: DeclarationOptions, into: string): void {
  const config = {
    extends: join(root, 'tsconfig.json'),
    compilerOptions: {
      noEmit: false,
      declaration: true,
      emitDeclarationOnly: true,
      // What is marked @internal is for the other packages of the workspace.
      stripInternal: true,
      rootDir: root,
      outDir: into,
      lib: ['es2023'],
      typeRoots: [join(root, 'node_modules', '@types')],
      // Found through node_modules, they would count as somebody else's, for which nothing is emitted.
      paths: Object.fromEntries(Object.entries(workspace).map(([specifier, file]) => [specifier, [file]])),
    },
    files: Object.values(entries),
    include: [],
  }
  const file = join(into, 'tsconfig.json')
  write(file, JSON.stringify(config))
  try {
    execFileSync(join(root, 'node_modules', '.bin', 'tsc'), ['-p', file], { cwd: root, encoding: 'utf8' })
  } catch (error) {
    throw new Error(`tsc could not write the declarations:\n${(error as { stdout?: string }).stdout}`, { cause: error })
  }
}

function resolverOf({ root, workspace }: DeclarationOptions) {
  return (file: string, specifier: string): string | undefined => {
    if (specifier.startsWith('.')) return declarationOf(root, resolve(root, dirname(file), specifier))
    const source = workspace[specifier]
    return source === undefined ? undefined : declarationOf(root, source)
  }
}

function importPath(from: string, to: string): string {
  const path = relative(dirname(from), to).replace(/\.d\.ts$/, '.cjs')
  return path.startsWith('.') ? path : `./${path}`
}

function declarationOf(root: string, source: string): string {
  return relative(root, source).replace(/\.ts$/, '.d.ts')
}

function write(file: string, text: string): void {
  if (!existsSync(dirname(file))) mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
}
