// The default store: one SQLite file in the data folder. Write-ahead log with synchronous=FULL: a commit that was
// answered is on disk, and a process killed at any moment leaves the state before or after a commit, never between (R11).
// The file is locked for as long as it is open, so two Castles never share a folder; kill -9 frees the lock.
//
// It runs in a thread of its own (sqlite-thread.ts). A mark beside it tells when it was put back to an older state (sqlite-mark.ts).
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { epochAfter, StoreRefusal, staleEpoch } from './refusals.ts'
import { isAhead, type Mark, MarkFile } from './sqlite-mark.ts'
import type { Change, Entry, Lease, Store } from './store.ts'

/** Of the tables; entities name their own format. */
const schemaVersion = 1

const schema = `
  CREATE TABLE entries (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE lease (id INTEGER PRIMARY KEY CHECK (id = 1), castle_epoch INTEGER NOT NULL);
  INSERT INTO lease VALUES (1, 0);
`

/** What its mark is held against, in a table of its own: the first release knows nothing of it, and is not hindered. */
const progress = `
  CREATE TABLE IF NOT EXISTS progress (id INTEGER PRIMARY KEY CHECK (id = 1), store TEXT NOT NULL, commits INTEGER NOT NULL);
  INSERT OR IGNORE INTO progress VALUES (1, lower(hex(randomblob(16))), 0);
`

interface Progress {
  /** Names this database, in whatever folder it is. */
  readonly store: string
  readonly commits: number
}

export class SqliteStore implements Store {
  readonly #database: Database.Database
  readonly #castleEpochMax: number
  readonly #markFile: MarkFile
  readonly #name: string
  /** The mark, while it is ahead of the database: until what follows from that is written. */
  #ahead: Mark | undefined
  /** Returns the number of commits. */
  readonly #commit: (changes: readonly Change[], castleEpoch: number) => number

  private constructor(database: Database.Database, castleEpochMax: number, markFile: MarkFile) {
    this.#database = database
    this.#castleEpochMax = castleEpochMax
    this.#markFile = markFile
    const { store, commits } = database.prepare<[], Progress>('SELECT store, commits FROM progress').get() as Progress
    this.#name = store
    const { found } = markFile
    if (found !== undefined && isAhead(found, store, commits)) this.#ahead = found
    const put = database.prepare(
      'INSERT INTO entries VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
    )
    const remove = database.prepare('DELETE FROM entries WHERE key = ?')
    const count = database.prepare<[], number>('UPDATE progress SET commits = commits + 1 RETURNING commits').pluck()
    this.#commit = database.transaction((changes: readonly Change[], castleEpoch: number) => {
      const newest = this.#castleEpoch()
      if (newest !== castleEpoch) throw staleEpoch(castleEpoch, newest)
      for (const { key, value } of changes) {
        if (value === null) remove.run(key)
        else put.run(key, value)
      }
      return count.get() ?? 0
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
      database.exec(`BEGIN; ${progress} COMMIT`)
      return new SqliteStore(database, castleEpochMax, new MarkFile(folder))
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
    const commits = this.#commit(changes, castleEpoch)
    this.#ahead = undefined
    this.#markFile.write({ store: this.#name, commits, castleEpoch })
  }

  async lease(atLeast: number): Promise<Lease> {
    const ahead = this.#ahead
    // Above what the lost state had: what is given under it never was before.
    const known = Math.min((ahead?.castleEpoch ?? -1) + 1, this.#castleEpochMax)
    const castleEpoch = epochAfter(this.#castleEpoch(), Math.max(atLeast, known), this.#castleEpochMax)
    this.#database.prepare('UPDATE lease SET castle_epoch = ?').run(castleEpoch)
    return ahead === undefined ? { castleEpoch } : { castleEpoch, wentBack: true }
  }

  async close(): Promise<void> {
    this.#markFile.close()
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
      database.exec(schema + progress)
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
