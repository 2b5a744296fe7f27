// The default store: one SQLite file in the data folder. Write-ahead log with synchronous=FULL: a commit that was
// answered is on disk, and a process killed at any moment leaves the state before or after a commit, never between (R11).
// The file is locked for as long as it is open, so two Castles never share a folder; kill -9 frees the lock.
//
// It runs in a thread of its own (sqlite-thread.ts).
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { epochAfter, StoreRefusal, staleEpoch } from './refusals.ts'
import type { Change, Entry, Lease, Store } from './store.ts'

/** Of the tables; entities name their own format. */
const schemaVersion = 1

const schema = `
  CREATE TABLE entries (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE lease (id INTEGER PRIMARY KEY CHECK (id = 1), castle_epoch INTEGER NOT NULL);
  INSERT INTO lease VALUES (1, 0);
`

export class SqliteStore implements Store {
  readonly #database: Database.Database
  readonly #castleEpochMax: number
  readonly #commit: (changes: readonly Change[], castleEpoch: number) => void

  private constructor(database: Database.Database, castleEpochMax: number) {
    this.#database = database
    this.#castleEpochMax = castleEpochMax
    const put = database.prepare(
      'INSERT INTO entries VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
    )
    const remove = database.prepare('DELETE FROM entries WHERE key = ?')
    this.#commit = database.transaction((changes: readonly Change[], castleEpoch: number) => {
      const newest = this.#castleEpoch()
      if (newest !== castleEpoch) throw staleEpoch(castleEpoch, newest)
      for (const { key, value } of changes) {
        if (value === null) remove.run(key)
        else put.run(key, value)
      }
    })
  }

  /** Opens or makes `castle.db` in the folder, which exists. Throws a StoreRefusal, as all that it refuses. */
  static open(folder: string, castleEpochMax: number): SqliteStore {
    const path = join(folder, 'castle.db')
    let database: Database.Database | undefined
    try {
      database = new Database(path, { timeout: 0 })
      // The lock first: nothing is read, let alone changed, while another Castle is at it.
      database.pragma('locking_mode = EXCLUSIVE')
      database.exec('BEGIN EXCLUSIVE; COMMIT')
      checkVersion(database, path)
      makeDurable(database, path)
      return new SqliteStore(database, castleEpochMax)
    } catch (error) {
      database?.close()
      throw explained(error, folder, path)
    }
  }

  async load(): Promise<Entry[]> {
    const entries = this.#database.prepare<[], Entry>('SELECT key, value FROM entries').all()
    // In the order of the interface; SQLite would sort by UTF-8 bytes.
    return entries.sort((a, b) => (a.key < b.key ? -1 : 1))
  }

  async commit(changes: readonly Change[], castleEpoch: number): Promise<void> {
    this.#commit(changes, castleEpoch)
  }

  async lease(atLeast: number): Promise<Lease> {
    const castleEpoch = epochAfter(this.#castleEpoch(), atLeast, this.#castleEpochMax)
    this.#database.prepare('UPDATE lease SET castle_epoch = ?').run(castleEpoch)
    return { castleEpoch }
  }

  async close(): Promise<void> {
    this.#database.close()
  }

  #castleEpoch(): number {
    return this.#database.prepare<[], number>('SELECT castle_epoch FROM lease').pluck().get() ?? 0
  }
}

function checkVersion(database: Database.Database, path: string): void {
  const version = Number(database.pragma('user_version', { simple: true }))
  const tables = database.prepare<[], number>('SELECT count(*) FROM sqlite_schema').pluck().get()
  if (version === 0 && tables === 0) {
    database.transaction(() => {
      database.exec(schema)
      database.pragma(`user_version = ${schemaVersion}`)
    })()
  } else if (version !== schemaVersion) {
    throw new StoreRefusal(
      'DATA_VERSION',
      `${path} has data version ${version}, but this release reads version ${schemaVersion}`,
    )
  }
}

/** Checked, not only asked for: SQLite keeps another mode, silently, where it cannot have this one. */
function makeDurable(database: Database.Database, path: string): void {
  const journal = database.pragma('journal_mode = WAL', { simple: true })
  database.pragma('synchronous = FULL')
  const synchronous = database.pragma('synchronous', { simple: true })
  if (journal === 'wal' && synchronous === 2) return
  throw new StoreRefusal(
    'DATA_UNUSABLE',
    `${path} cannot be written durably (journal ${journal}, synchronous ${synchronous})`,
  )
}

function explained(error: unknown, folder: string, path: string): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED')) {
    return new StoreRefusal('DATA_IN_USE', `another Castle is using the data folder ${folder}`, error)
  }
  if (code === 'SQLITE_NOTADB') {
    return new StoreRefusal('DATA_VERSION', `${path} is not a database of Castle`, error)
  }
  if (!code.startsWith('SQLITE')) return error
  return new StoreRefusal(
    'DATA_UNUSABLE',
    `Castle cannot use ${path}: ${error instanceof Error ? error.message : error}`,
    error,
  )
}
