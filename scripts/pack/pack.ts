// Makes the package that users install: bundle, declarations, package.json, README, licences; then `npm pack`.
import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bundleInto } from './bundle.ts'
import { declareInto } from './declarations.ts'
import { entryName, manifestFor, type SourceManifest } from './manifest.ts'
import { restore, workspaceManifest } from './restore.mjs'

interface Package {
  /** Packages of the workspace whose code goes into its bundle. Others stay dependencies, at exactly this version. */
  readonly workspace: readonly string[]
  /** Exports that only the workspace needs. */
  readonly left: readonly string[]
}

/** What can be packed. */
export const packages = {
  sdk: { workspace: ['protocol'], left: [] },
  testing: { workspace: ['protocol', 'broker', 'castle'], left: ['./simulator'] },
} as const satisfies Record<string, Package>

export type PackageFolder = keyof typeof packages

export interface Packed {
  readonly file: string
  readonly bytes: number
  readonly unpackedBytes: number
  readonly files: readonly { readonly path: string; readonly size: number }[]
}

/** Packs `<root>/<folder>` into a .tgz in `into`. */
export async function pack(root: string, folder: PackageFolder, into: string): Promise<Packed> {
  const staging = mkdtempSync(join(tmpdir(), 'castellan-pack-'))
  try {
    await stage(root, folder, staging)
    mkdirSync(into, { recursive: true })
    const words = ['pack', '--json', '--ignore-scripts', '--loglevel=error', '--pack-destination', into]
    const said = execFileSync('npm', words, { cwd: staging, encoding: 'utf8' })
    return packedOf(said, into)
  } finally {
    rmSync(staging, { recursive: true, force: true })
  }
}

/**
 * For `npm pack` and `npm publish` in the package's own folder, as its prepack: the code goes to its dist/, and until restore.mjs, its postpack,
 * package.json is the one that users get. npm has no other way to pack another package.json than the one that is there.
 */
export async function stageInPlace(root: string, folder: PackageFolder): Promise<void> {
  const home = join(root, folder)
  restore(home)
  const staging = join(home, 'dist')
  rmSync(staging, { recursive: true, force: true })
  mkdirSync(staging)
  await stage(root, folder, staging, './dist/')
  rmSync(join(staging, 'README.md')) // npm takes the folder's own
  renameSync(join(home, 'package.json'), join(home, workspaceManifest))
  renameSync(join(staging, 'package.json'), join(home, 'package.json'))
}

/** What the package holds, in a folder, which is `code` within the package. */
export async function stage(root: string, folder: PackageFolder, staging: string, code = './'): Promise<void> {
  const home = join(root, folder)
  const { workspace, left }: Package = packages[folder]
  const whole = manifestOf(home)
  const exports = Object.fromEntries(Object.entries(whole.exports).filter(([subPath]) => !left.includes(subPath)))
  const source = { ...whole, exports }
  const inside = workspace.map((name) => ({ home: join(root, name), manifest: manifestOf(join(root, name)) }))

  const entries = Object.fromEntries(
    Object.entries(source.exports).map(([subPath, file]) => [entryName(subPath), join(home, file)]),
  )
  const bundle = await bundleInto({
    entries,
    bundled: inside.map(({ manifest }) => manifest.name),
    folder: staging,
  })
  declareInto({
    root,
    entries,
    workspace: Object.fromEntries(inside.flatMap(({ home, manifest }) => exportsOf(home, manifest))),
    dependencies: bundle.dependencies,
    folder: staging,
  })
  const versions = versionsOf(root, [source, ...inside.map(({ manifest }) => manifest)])
  const manifest = manifestFor(source, bundle.dependencies, versions, code)
  writeFileSync(join(staging, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`)
  copyFileSync(join(home, 'README.md'), join(staging, 'README.md'))
  copyFileSync(join(root, 'LICENSE'), join(staging, 'LICENSE'))
}

function manifestOf(home: string): SourceManifest {
  return JSON.parse(readFileSync(join(home, 'package.json'), 'utf8')) as SourceManifest
}

/** What these packages are tested with: other people's packages are pinned, ours have their own version. */
function versionsOf(root: string, manifests: readonly SourceManifest[]): Record<string, string> {
  const all = manifests.flatMap(({ dependencies }) => Object.entries(dependencies ?? {}))
  const versions = all.map(([name, version]) => {
    const isOurs = version.startsWith('workspace:')
    return [name, isOurs ? manifestOf(join(root, name.replace('@castellan/', ''))).version : version]
  })
  return Object.fromEntries(versions)
}

/** `@castellan/protocol/records` and the file behind it, for each export. */
function exportsOf(home: string, { name, exports }: SourceManifest): [string, string][] {
  return Object.entries(exports).map(([subPath, file]) => [name + subPath.slice(1), join(home, file)])
}

function packedOf(said: string, into: string): Packed {
  // npm 12 answers with an object by name, older ones with a list.
  const answer = JSON.parse(said) as Record<string, NpmPacked>
  const { filename, size, unpackedSize, files } = Object.values(answer)[0]!
  return { file: join(into, filename), bytes: size, unpackedBytes: unpackedSize, files }
}

interface NpmPacked {
  readonly filename: string
  readonly size: number
  readonly unpackedSize: number
  readonly files: readonly { readonly path: string; readonly size: number }[]
}
