// Machines of a test: each a network and a mount namespace of its own, joined by a bridge that stands in another, so that ways between
// them can be cut, in one direction or both, and a disk can be small, without touching what else runs here.
//
//    here ──veth──┐   machine ──veth──┐  machine ──veth──┐       10.213.X.1 is here, 10.213.X.11, 12, ... are the machines
//                 └────────────────── hub: bridge ───────┘
//
// A namespace lives as long as a process is in it: that is a `cat` whose input is ours. When this process ends, in whatever way, so do
// the cats, and namespaces, links and mounts are gone with them. A cut is a wrong hardware address in the sender's table of
// neighbours: what it sends is lost in silence, as behind a dead switch, and connections live on until somebody gives up on them.
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { waitFor } from './wait.ts'

const tools = ['unshare', 'nsenter', 'ip', 'mount']
const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** The title of a test that needs machines: says why it is skipped where there can be none (.ci/run knows such a title). */
export function named(title: string, missing: string | undefined): string {
  return missing === undefined ? title : `${title} (no machines here: ${missing})`
}

/** Why there can be no machines here, as a sentence; undefined when there can. */
export function machinesMissing(): string | undefined {
  if (process.platform !== 'linux') return 'network namespaces are only in Linux'
  const lacking = tools.find((tool) => spawnSync('which', [tool]).status !== 0)
  if (lacking !== undefined) return `network namespaces need ${lacking}`
  const { status } = spawnSync('unshare', ['--net', '--mount', 'ip', 'link', 'add', 'br0', 'type', 'bridge'])
  return status === 0 ? undefined : 'this user may not make network namespaces and bridges'
}

export interface Machine {
  readonly name: string
  readonly address: string
  /** Words that run a program on this machine. */
  readonly within: readonly string[]
}

interface Host extends Machine {
  readonly index: number
  readonly device: string
}

export class Machines {
  readonly #hosts = new Map<string, Host>()
  readonly #net: string
  readonly #holders = new Map<string, ChildProcess>()
  /** `from>to` */
  readonly #cuts = new Set<string>()

  /** Machines of these names, and `here`: this one, that reaches all of them. */
  static async start(names: readonly string[]): Promise<Machines> {
    const machines = new Machines()
    try {
      await machines.#hold('hub')
      machines.#run('hub', 'ip', 'link', 'add', 'br0', 'type', 'bridge')
      machines.#run('hub', 'ip', 'link', 'set', 'br0', 'up')
      for (const [index, name] of names.entries()) await machines.#add(name, 11 + index)
      machines.#addHere()
      for (const from of machines.#hosts.keys()) {
        for (const to of machines.#hosts.keys()) if (from !== to) machines.heal(from, to)
      }
      return machines
    } catch (error) {
      machines.stop()
      throw error
    }
  }

  private constructor() {
    this.#net = `10.213.${1 + (process.pid % 250)}`
  }

  machine(name: string): Machine {
    return this.#host(name)
  }

  /** What `from` sends to `to` is lost from now on. */
  cut(from: string, to: string): void {
    this.#neighbour(from, to, '02:ca:57:00:00:ff')
    this.#cuts.add(`${from}>${to}`)
  }

  heal(from: string, to: string): void {
    this.#neighbour(from, to, hardwareAddress(this.#host(to).index))
    this.#cuts.delete(`${from}>${to}`)
  }

  /** Cuts both ways between a machine and all others. */
  isolate(name: string): void {
    for (const other of this.#hosts.keys()) {
      if (other === name) continue
      this.cut(name, other)
      this.cut(other, name)
    }
  }

  healAll(): void {
    for (const way of [...this.#cuts]) this.heal(...(way.split('>') as [string, string]))
  }

  /** Puts a small disk at a folder of the machine; nobody else sees it. */
  mountSmall(name: string, folder: string, mebibytes: number): void {
    this.#run(name, 'mount', '-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'tmpfs', folder)
  }

  /** Writes a file as the machine sees it, such as one that takes all its room: ENOSPC is for who asked. */
  append(name: string, path: string, bytes: Uint8Array): void {
    writeFileSync(this.seen(name, path), bytes, { flag: 'a' })
  }

  /** A path of the machine's as it is reached from here. */
  seen(name: string, path: string): string {
    return join('/proc', String(this.#holders.get(name)!.pid), 'root', path)
  }

  remove(name: string, path: string): void {
    this.#run(name, 'rm', '-f', path)
  }

  /** Ends the namespaces; processes that still run in one keep it alive. */
  stop(): void {
    for (const holder of this.#holders.values()) holder.kill('SIGKILL')
  }

  async #add(name: string, index: number): Promise<void> {
    const holder = await this.#hold(name)
    const device = `ct${process.pid}-${index}`
    execFileSync('ip', ['link', 'add', device, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', String(holder.pid)])
    this.#plug(device)
    const host = { name, index, address: `${this.#net}.${index}`, within: this.#within(name), device: 'eth0' }
    this.#hosts.set(name, host)
    this.#configure(host)
  }

  #addHere(): void {
    const [device, other] = [`ct${process.pid}-h`, `ct${process.pid}-b`]
    execFileSync('ip', ['link', 'add', other, 'type', 'veth', 'peer', 'name', device])
    this.#plug(other)
    const host = { name: 'here', index: 1, address: `${this.#net}.1`, within: [], device }
    this.#hosts.set('here', host)
    this.#configure(host)
  }

  #plug(device: string): void {
    execFileSync('ip', ['link', 'set', device, 'netns', String(this.#holders.get('hub')!.pid)])
    this.#run('hub', 'ip', 'link', 'set', device, 'master', 'br0', 'up')
  }

  #configure({ name, address, index, device }: Host): void {
    this.#run(name, 'ip', 'link', 'set', 'lo', 'up')
    this.#run(name, 'ip', 'link', 'set', device, 'address', hardwareAddress(index))
    this.#run(name, 'ip', 'address', 'add', `${address}/24`, 'dev', device)
    this.#run(name, 'ip', 'link', 'set', device, 'up')
  }

  #neighbour(from: string, to: string, hardware: string): void {
    const { device } = this.#host(from)
    const { address } = this.#host(to)
    this.#run(from, 'ip', 'neighbour', 'replace', address, 'lladdr', hardware, 'dev', device, 'nud', 'permanent')
  }

  #run(name: string, ...words: string[]): void {
    const [command = '', ...args] = [...(name === 'here' ? [] : this.#within(name)), ...words]
    execFileSync(command, args, { stdio: 'pipe' })
  }

  #within(name: string): string[] {
    return ['nsenter', '--target', String(this.#holders.get(name)!.pid), '--net', '--mount', `--wd=${process.cwd()}`]
  }

  #host(name: string): Host {
    const host = this.#hosts.get(name)
    if (host === undefined) throw new Error(`there is no machine ${name}`)
    return host
  }

  /** The process whose namespaces these are: it says a line when it is in them. */
  async #hold(name: string): Promise<ChildProcess> {
    const words = ['--net', '--mount', 'sh', '-c', 'echo in; exec cat']
    const holder = spawn('unshare', words, { stdio: ['pipe', 'pipe', 'ignore'] })
    running.add(holder)
    holder.once('close', () => running.delete(holder))
    this.#holders.set(name, holder)
    let said = ''
    holder.stdout.on('data', (text: Buffer) => {
      said += text.toString()
    })
    await waitFor(`the namespaces of ${name}`, () => said.includes('in'))
    return holder
  }
}

function hardwareAddress(index: number): string {
  return `02:ca:57:00:00:${index.toString(16).padStart(2, '0')}`
}
