// What a release left (record/main.ts made it), unpacked for a test into a temporary folder.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { root } from '../processes/index.ts'
import type { Content, Sdk } from './record/fill.ts'

export const firstRelease = 'v0.1.0'

export type StopKind = 'stopped' | 'killed'

export class Release {
  readonly folder: string
  readonly #fixtures: string

  constructor(tag: string) {
    this.#fixtures = join(import.meta.dirname, tag)
    this.folder = mkdtempSync(join(tmpdir(), `castellan-${tag}-`))
    this.#linkLibraries()
  }

  content(kind: StopKind): Content {
    const text = gunzipSync(readFileSync(join(this.#fixtures, 'content.json.gz'))).toString()
    return (JSON.parse(text) as Record<StopKind, Content>)[kind]
  }

  /** A data folder as its `castellan start` left it. */
  data(kind: StopKind): string {
    execFileSync('tar', ['xzf', join(this.#fixtures, `${kind}.tgz`)], { cwd: this.folder })
    return join(this.folder, kind)
  }

  /** Its SDK, as services had it. */
  async sdk(): Promise<Sdk> {
    const home = join(this.folder, 'sdk')
    mkdirSync(home, { recursive: true })
    execFileSync('tar', ['xzf', join(this.#fixtures, 'sdk.tgz'), '--strip-components=1'], { cwd: home })
    return (await import(pathToFileURL(join(home, 'index.mjs')).href)) as Sdk
  }

  /** A file to run its broker from: `--setting value` pairs. */
  broker(): string {
    const file = join(this.folder, 'broker.mjs')
    writeFileSync(file, gunzipSync(readFileSync(join(this.#fixtures, 'broker.mjs.gz'))))
    return file
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }

  /** Other people's libraries: today's, as npm would give them to a release of the same major versions. */
  #linkLibraries(): void {
    const modules = join(this.folder, 'node_modules')
    mkdirSync(modules)
    const home = join(root, 'protocol', 'node_modules')
    for (const name of readdirSync(home)) if (!name.startsWith('.')) symlinkSync(join(home, name), join(modules, name))
  }
}
