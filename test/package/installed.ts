// Packages as a service gets them: packed, and installed by npm in an empty folder outside of the workspace.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { root } from '../processes/index.ts'

/** What the packing says it made. */
interface Packed {
  readonly file: string
  readonly bytes: number
  readonly unpackedBytes: number
  readonly files: readonly { readonly path: string }[]
}

export class Installed {
  readonly packed: Packed
  readonly folder: string

  /** Packs and installs the SDK, and what else is named. No install script of any dependency runs: nothing is compiled or fetched at a user's. */
  static make(...others: 'testing'[]): Installed {
    const folder = mkdtempSync(join(tmpdir(), 'castellan-package-'))
    try {
      const [sdk, ...rest] = ['sdk', ...others].map((name) => packInto(name, join(folder, 'packed')))
      const service = join(folder, 'service')
      mkdirSync(service)
      writeFileSync(join(service, 'package.json'), '{ "name": "service", "private": true }\n')
      npm(service, 'install', '--ignore-scripts', ...[sdk!, ...rest].map(({ file }) => file))
      return new Installed(sdk!, service)
    } catch (error) {
      rmSync(folder, { recursive: true, force: true })
      throw error
    }
  }

  private constructor(packed: Packed, folder: string) {
    this.packed = packed
    this.folder = folder
  }

  /** Writes a file of the service; gives its path. */
  write(name: string, text: string): string {
    const file = join(this.folder, name)
    writeFileSync(file, text)
    return file
  }

  manifest(): Record<string, unknown> {
    return JSON.parse(readFileSync(join(this.folder, 'node_modules', '@castellan', 'sdk', 'package.json'), 'utf8'))
  }

  remove(): void {
    rmSync(join(this.folder, '..'), { recursive: true, force: true })
  }
}

function packInto(name: string, folder: string): Packed {
  const words = ['scripts/pack/main.ts', name, '--json', '--out', folder]
  return JSON.parse(execFileSync(process.execPath, words, { cwd: root, encoding: 'utf8' })) as Packed
}

/** As a person calls it: without what the npm that started this test run put into the environment. */
export function npm(folder: string, ...words: string[]): void {
  const own = Object.entries(process.env).filter(([name]) => !/^(npm_|CASTELLAN_|INIT_CWD)/i.test(name))
  const options = { cwd: folder, env: Object.fromEntries(own), encoding: 'utf8', stdio: 'pipe' } as const
  execFileSync('npm', [...words, '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error'], options)
}

/** A Node of that major version: this one, one of the machine's, or the one of the npm package `node`. */
export function nodeOf(major: number, folder: string): string {
  const found = [process.execPath, ...(process.env['PATH'] ?? '').split(delimiter).map((entry) => join(entry, 'node'))]
  const fitting = found.find((node) => majorOf(node) === major)
  if (fitting !== undefined) return fitting
  const home = join(folder, '..', `node-${major}`)
  mkdirSync(home)
  writeFileSync(join(home, 'package.json'), '{ "private": true }\n')
  npm(home, 'install', `node@${major}`)
  return join(home, 'node_modules', 'node', 'bin', 'node')
}

function majorOf(node: string): number | undefined {
  try {
    return Number(/^v(\d+)/.exec(execFileSync(node, ['--version'], { encoding: 'utf8' }))?.[1])
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}
