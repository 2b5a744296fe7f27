// The folder in which a platform of `castellan start` keeps everything, and the claim on it.
//
//   DIR/castellan.json   that it is ours, and in which version of the layout
//   DIR/running.json     who runs on it now: the supervisor and its children
//   DIR/castle  DIR/broker-1 ...  DIR/logs
//
// One platform at a time: two on the same logs would destroy them. A claim whose processes are all gone is void.
import { existsSync, linkSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CommandError, codeOf } from '../errors.ts'
import { makeFolders, unmakeFolders } from './folders.ts'
import { isRunning, type ProcessId, processId } from './processes.ts'

const layoutVersion = 1
const marker = 'castellan.json'
const claimFile = 'running.json'
const orphansWaitMs = 20_000

interface Claim {
  readonly supervisor: ProcessId
  readonly children: readonly NamedProcess[]
}

type NamedProcess = ProcessId & { readonly name: string }

export class DataFolder {
  readonly path: string
  #children: readonly NamedProcess[] = []

  /**
   * Opens or makes the folder for this process alone. Throws a CommandError that says what to do; then nothing is there that
   * was not there before.
   */
  static async open(path: string, options: { fresh: boolean }): Promise<DataFolder> {
    const made: string[] = []
    try {
      makeFolders(path, made)
      checkOurs(path, options.fresh)
      const folder = new DataFolder(path)
      await folder.#claim()
      try {
        folder.#layOut(options.fresh, made)
      } catch (error) {
        folder.release()
        throw error
      }
      return folder
    } catch (error) {
      unmakeFolders(made)
      if (error instanceof CommandError) throw error
      throw new CommandError(
        `Cannot write to the data folder ${path} (${codeOf(error)}): choose another with --data DIR.`,
        {
          cause: error,
        },
      )
    }
  }

  private constructor(path: string) {
    this.path = path
  }

  get logs(): string {
    return join(this.path, 'logs')
  }

  /**
   * Remembers which processes use the folder, for the start that comes after a kill -9 of this one. False: the disk took it not; it is
   * written with the next change, and until then such a start knows of fewer processes to wait for.
   */
  setChildren(children: readonly { name: string; pid: number }[]): boolean {
    this.#children = children.map(({ name, pid }) => ({ name, ...processId(pid) }))
    const temporary = join(this.path, `${claimFile}.tmp`)
    try {
      writeFileSync(temporary, this.#text())
      renameSync(temporary, join(this.path, claimFile))
      return true
    } catch (error) {
      if (codeOf(error) === undefined) throw error
      return false
    }
  }

  release(): void {
    rmSync(join(this.path, claimFile), { force: true })
  }

  async #claim(): Promise<void> {
    for (;;) {
      try {
        writeFileSync(join(this.path, claimFile), this.#text(), { flag: 'wx' })
        return
      } catch (error) {
        if (codeOf(error) !== 'EEXIST') throw error
      }
      await this.#dropVoidClaim()
    }
  }

  /** Takes a claim away once nobody behind it runs any more; throws when its supervisor does. */
  async #dropVoidClaim(): Promise<void> {
    const file = join(this.path, claimFile)
    const text = readIfThere(file)
    if (text === undefined) return
    const claim = parseClaim(text)
    if (claim === undefined) {
      // Just being written, or torn by a power loss: then it is the same a moment later.
      await new Promise((resolve) => setTimeout(resolve, 200))
      if (readIfThere(file) !== text) return
    } else if (isRunning(claim.supervisor)) {
      throw new CommandError(
        `Another castellan (process ${claim.supervisor.pid}) runs on the data folder ${this.path}: stop it, or choose ` +
          'another folder with --data DIR.',
      )
    }
    await this.#untilGone(claim?.children ?? [])
    const aside = `${file}.${process.pid}`
    try {
      renameSync(file, aside)
      // Another start may have claimed the folder in between: its claim goes back where it was.
      if (readFileSync(aside, 'utf8') !== text) linkSync(aside, file)
    } catch (error) {
      if (codeOf(error) !== 'ENOENT' && codeOf(error) !== 'EEXIST') throw error
    }
    rmSync(aside, { force: true })
  }

  /** The children of a killed supervisor notice that and stop; until then their ports and files are taken. */
  async #untilGone(children: readonly ProcessId[]): Promise<void> {
    const endMs = performance.now() + orphansWaitMs
    for (;;) {
      const left = children.filter(isRunning)
      if (left.length === 0) return
      if (performance.now() > endMs) {
        const pids = left.map(({ pid }) => pid).join(', ')
        throw new CommandError(
          `Processes of an earlier start still run on ${this.path}: stop them (kill ${pids}) first.`,
        )
      }
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  #layOut(fresh: boolean, made: string[]): void {
    if (fresh) this.#empty()
    makeFolders(this.logs, made)
    const file = join(this.path, marker)
    const isNew = !existsSync(file)
    try {
      writeFileSync(file, `${JSON.stringify({ version: layoutVersion })}\n`)
    } catch (error) {
      if (isNew) rmSync(file, { force: true })
      throw error
    }
  }

  #text(): string {
    return JSON.stringify({ supervisor: processId(process.pid), children: this.#children } satisfies Claim)
  }

  #empty(): void {
    for (const name of readdirSync(this.path)) {
      if (name !== claimFile) rmSync(join(this.path, name), { recursive: true, force: true })
    }
  }
}

/** Refuses a folder that holds something else, or that another version laid out. */
function checkOurs(path: string, fresh: boolean): void {
  const text = readIfThere(join(path, marker))
  if (text === undefined) {
    const others = readdirSync(path).filter((name) => !name.startsWith(claimFile))
    if (others.length === 0) return
    throw new CommandError(
      `The folder ${path} holds other things than Castellan's data (${others[0]}): choose an empty or new one with --data DIR.`,
    )
  }
  const found = /"version":\s*(\d+)/.exec(text)?.[1] ?? 'an unknown one'
  if (found === String(layoutVersion) || fresh) return
  throw new CommandError(
    `The data folder ${path} has layout version ${found}, and this release reads ${layoutVersion}: run the release that ` +
      'wrote it, choose another folder with --data DIR, or empty it with --fresh.',
  )
}

/**
 * The processes that run on the folder, by name (`castle`, `broker-1`, ...); undefined: no `castellan start` runs there. A process that has
 * ended since is not among them.
 */
export function runningOn(path: string): ReadonlyMap<string, ProcessId> | undefined {
  const text = readIfThere(join(path, claimFile))
  const claim = text === undefined ? undefined : parseClaim(text)
  if (claim === undefined || !isRunning(claim.supervisor)) return undefined
  return new Map(claim.children.filter(isRunning).map((child) => [child.name, child]))
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}

/** Undefined: it is not whole. */
function parseClaim(text: string): Claim | undefined {
  try {
    return JSON.parse(text) as Claim
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
