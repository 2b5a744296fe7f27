// What every disk and every network must do: Node's and the simulator's join the same suites, so that code
// which passes in the simulator stands on the same ground in production.
import type { Connection, Disk, Listener, Network } from '@castellan/protocol/runtime'
import { nodeRuntime, readSmallFile, replaceFile } from '@castellan/protocol/runtime'
import { expect, test } from 'vitest'

/** Waits for a promise; the simulator's runs its events meanwhile. */
export type Settle = <T>(promise: Promise<T>) => Promise<T>

const bytes = (text: string) => new TextEncoder().encode(text)
const text = (raw: Uint8Array | undefined) => (raw === undefined ? undefined : new TextDecoder().decode(raw))

export function diskCases(make: () => { disk: Disk; root: string; settle: Settle }): void {
  test('a written file reads back, at any position', () => {
    const { disk, root } = make()
    const file = disk.open(`${root}/a`, 'create')
    file.writev([bytes('hello '), bytes('world')], 0)
    file.writev([bytes('W')], 6)
    expect(file.size()).toBe(11)
    const target = new Uint8Array(20)
    expect(file.read(target, 6)).toBe(5)
    expect(text(target.subarray(0, 5))).toBe('World')
    file.close()
    expect(text(readSmallFile(disk, `${root}/a`))).toBe('hello World')
  })

  test('what is written off the loop stands there when it says so', async () => {
    const { disk, root, settle } = make()
    const file = disk.open(`${root}/a`, 'create')
    await settle(file.writevAsync([bytes('hello '), bytes(''), bytes('world')], 0))
    await settle(file.writevAsync([bytes('W')], 6))
    file.close()
    expect(text(readSmallFile(disk, `${root}/a`))).toBe('hello World')
  })

  test('truncate shortens, and lengthens with zeros', () => {
    const { disk, root } = make()
    const file = disk.open(`${root}/a`, 'create')
    file.writev([bytes('abcdef')], 0)
    file.truncate(2)
    file.truncate(4)
    file.close()
    expect(readSmallFile(disk, `${root}/a`)).toEqual(Uint8Array.of(97, 98, 0, 0))
  })

  test('readAsync and sync settle', async () => {
    const { disk, root, settle } = make()
    const file = disk.open(`${root}/a`, 'create')
    file.writev([bytes('abc')], 0)
    await settle(file.sync())
    const target = new Uint8Array(3)
    expect(await settle(file.readAsync(target, 1))).toBe(2)
    expect(text(target.subarray(0, 2))).toBe('bc')
    file.close()
    await settle(disk.syncFolder(root))
  })

  test('errors carry their code', () => {
    const { disk, root } = make()
    const code = (act: () => unknown) => {
      try {
        act()
        return 'no error'
      } catch (error) {
        return (error as { code?: string }).code
      }
    }
    expect(code(() => disk.open(`${root}/none`, 'read'))).toBe('ENOENT')
    expect(code(() => disk.open(`${root}/none`, 'write'))).toBe('ENOENT')
    expect(code(() => disk.open(`${root}/no/folder`, 'create'))).toBe('ENOENT')
    expect(code(() => disk.list(`${root}/none`))).toBe('ENOENT')
    expect(code(() => disk.rename(`${root}/none`, `${root}/x`))).toBe('ENOENT')
  })

  test('folders: made with parents, listed sorted, renamed and removed with all in them', async () => {
    const { disk, root, settle } = make()
    disk.mkdir(`${root}/p/q`)
    disk.mkdir(`${root}/p/q`)
    for (const name of ['b', 'a']) disk.open(`${root}/p/q/${name}`, 'create').close()
    expect(disk.list(`${root}/p/q`)).toEqual(['a', 'b'])
    expect(disk.list(`${root}/p`)).toEqual(['q'])
    disk.rename(`${root}/p`, `${root}/r`)
    expect(disk.list(`${root}/r/q`)).toEqual(['a', 'b'])
    expect(disk.exists(`${root}/p`)).toBe(false)
    disk.remove(`${root}/r`)
    disk.remove(`${root}/r`)
    expect(disk.exists(`${root}/r/q/a`)).toBe(false)
    disk.mkdir(`${root}/s`)
    disk.open(`${root}/s/a`, 'create').close()
    for (const path of ['s', 's', 'none']) await settle(disk.removeAsync(`${root}/${path}`))
    expect(disk.list(root)).toEqual([])
  })

  test('replaceFile leaves the new content and no other file', async () => {
    const { disk, root, settle } = make()
    await settle(replaceFile(disk, `${root}/f`, bytes('old and long')))
    await settle(replaceFile(disk, `${root}/f`, bytes('new')))
    expect(text(readSmallFile(disk, `${root}/f`))).toBe('new')
    expect(disk.list(root)).toEqual(['f'])
  })
}

/** Collects what arrives; `until` resolves when so many bytes are there, or the connection closed. */
function collect(connection: Connection) {
  const buffer = new Uint8Array(1 << 16)
  const state = { text: '', closed: undefined as Error | null | undefined, wake: () => {} }
  connection.start({
    readBuffer: () => buffer,
    onRead: (length) => {
      state.text += text(buffer.subarray(0, length))
      state.wake()
    },
    onDrain: () => {},
    onClose: (error) => {
      state.closed = error
      state.wake()
    },
  })
  const until = (condition: () => boolean) =>
    new Promise<void>((resolve) => {
      state.wake = () => condition() && resolve()
      state.wake()
    })
  return { state, until }
}

export function networkCases(make: () => { network: Network; host: string; settle: Settle }): void {
  async function pair() {
    const { network, host, settle } = make()
    const accepted: ReturnType<typeof collect>[] = []
    const connections: Connection[] = []
    const listener: Listener = await settle(
      network.listen({ host, port: 0 }, (connection) => {
        connections.push(connection)
        accepted.push(collect(connection))
      }),
    )
    const client = await settle(network.connect(listener.address, { timeoutMs: 2_000 }))
    const received = collect(client)
    client.write([bytes('hi')])
    await settle(waitFor(() => accepted[0]?.until(() => accepted[0]!.state.text.length >= 2)))
    return { network, settle, listener, client, received, server: connections[0]!, atServer: accepted[0]! }
  }

  test('bytes arrive whole and in order, both ways, and onSent is called for each write', async () => {
    const { settle, client, received, server, atServer, listener } = await pair()
    let sent = 0
    for (let i = 0; i < 100; i++) client.write([bytes(`<${i}>`), bytes(';')], () => sent++)
    const expected = `hi${Array.from({ length: 100 }, (_, i) => `<${i}>;`).join('')}`
    await settle(atServer.until(() => atServer.state.text.length === expected.length))
    expect(atServer.state.text).toBe(expected)
    server.write([bytes('back')])
    await settle(received.until(() => received.state.text === 'back'))
    expect(sent).toBe(100)
    client.destroy()
    await settle(atServer.until(() => atServer.state.closed !== undefined))
    await settle(listener.close())
  })

  test('end sends what was written before it, then closes both sides in good order', async () => {
    const { settle, client, received, atServer, listener } = await pair()
    client.write([bytes('last words')])
    client.end()
    await settle(atServer.until(() => atServer.state.closed !== undefined))
    expect(atServer.state).toMatchObject({ text: 'hilast words', closed: null })
    await settle(received.until(() => received.state.closed !== undefined))
    expect(received.state.closed).toBeNull()
    await settle(listener.close())
  })

  test('a paused reader gets nothing until it resumes', async () => {
    const { settle, client, server, atServer, listener } = await pair()
    server.pause()
    const large = 'x'.repeat(200_000)
    client.write([bytes(large)])
    server.resume()
    await settle(atServer.until(() => atServer.state.text.length === large.length + 2))
    client.destroy()
    await settle(listener.close())
  })

  test('who pauses within a read gets nothing more until it resumes, and then into the memory that it gives then', async () => {
    const { network, host, settle } = make()
    let buffer = new Uint8Array(3_000)
    const retired: Uint8Array[] = []
    const state = { text: '', isPaused: false, readsWhilePaused: 0, wake: () => {} }
    let server: Connection | undefined
    const listener = await settle(
      network.listen({ host, port: 0 }, (connection) => {
        server = connection
        connection.start({
          readBuffer: () => buffer,
          onRead: (length) => {
            if (state.isPaused) state.readsWhilePaused++
            state.text += text(buffer.subarray(0, length))
            connection.pause()
            state.isPaused = true
            retired.push(buffer.fill(0))
            state.wake()
          },
          onDrain: () => {},
          onClose: () => {},
        })
      }),
    )
    const client = await settle(network.connect(listener.address, { timeoutMs: 2_000 }))
    collect(client)
    const all = Array.from({ length: 5_000 }, (_, i) => String(i)).join(' ')
    client.write([bytes(all)])
    while (state.text.length < all.length) {
      const read = new Promise<void>((resolve) => {
        state.wake = resolve
      })
      if (!state.isPaused) await settle(read)
      buffer = new Uint8Array(3_000)
      state.isPaused = false
      server!.resume()
    }
    expect(state.text).toBe(all)
    expect(state.readsWhilePaused).toBe(0)
    expect(retired.every((one) => one.every((byte) => byte === 0))).toBe(true)
    client.destroy()
    await settle(listener.close())
  })

  test('nobody listens: ECONNREFUSED; a port in use: EADDRINUSE', async () => {
    const { network, settle, listener, client } = await pair()
    await expect(settle(network.listen(listener.address, () => {}))).rejects.toMatchObject({ code: 'EADDRINUSE' })
    client.destroy()
    await settle(listener.close())
    const refused = settle(network.connect(listener.address, { timeoutMs: 2_000 }))
    await expect(refused).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })
}

/** The promise that `get` gives once it gives one. */
async function waitFor(get: () => Promise<void> | undefined): Promise<void> {
  for (let turns = 0; turns < 1_000; turns++) {
    const promise = get()
    if (promise) return promise
    await new Promise<void>((resolve) => nodeRuntime().clock.soon(resolve))
  }
  throw new Error('nothing was accepted')
}
