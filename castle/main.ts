// One Castle process: Node's clock and network, the SQLite store, the core and its HTTP face, put together.
import { type Logger, LoopWatch, nodeRuntime } from '@castellan/protocol/runtime'
import { Castle } from './castle.ts'
import type { CastleConfig } from './config.ts'
import { CastleError } from './errors.ts'
import manifest from './package.json' with { type: 'json' }
import { SqliteThread } from './store/sqlite-thread.ts'

export interface RunningCastle {
  /** http://host:port, with the port that the system chose when 0 was asked. */
  readonly url: string
  /** Closes links and listeners, writes what is under way, closes the store. */
  stop(): Promise<void>
}

/**
 * Starts a Castle over the data folder of the config; resolves when it answers. Rejects with a CastleError that says what to
 * do, with nothing left behind. `onUseless`: another Castle took over, or its store is lost: it can decide nothing any more, and should be
 * stopped.
 */
export async function startCastle(
  config: CastleConfig,
  log: Logger,
  onUseless: (error: CastleError) => void = () => {},
): Promise<RunningCastle> {
  const runtime = nodeRuntime()
  const loop = new LoopWatch(log)
  const opening = SqliteThread.open(config.dataFolder, (cause) => {
    log.error({ error: cause }, 'the store is lost: nothing can be written any more')
    onUseless(new CastleError('STORE_FAILED', `its store is lost: ${cause.message}`, { cause }))
  })
  // The store's thread opens it meanwhile.
  const [store, { serveHttp }] = await Promise.all([opening, import('./http/server.ts')])
  let castle: Castle | undefined
  try {
    castle = await Castle.start(runtime, { store, settings: config, log, onReplaced: onUseless })
    const server = await serveHttp(castle, config, runtime, log, { release: manifest.version, loop })
    const { host, port } = server.address
    const url = `http://${host.includes(':') ? `[${host}]` : host}:${port}`
    return { url, stop: () => stop(castle, server).finally(() => loop.stop()) }
  } catch (error) {
    loop.stop()
    await (castle === undefined ? store.close() : castle.stop())
    throw error
  }
}

async function stop(castle: Castle | undefined, server: { close(): Promise<void> }): Promise<void> {
  await server.close()
  await castle?.stop()
}
