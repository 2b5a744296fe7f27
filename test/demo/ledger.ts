// What the consumers of the demo keep, in one SQLite file that all their processes share.
//
// A batch is one transaction: the totals, the last change of each path, and the partition's next offset move together or not at
// all. So a message that is delivered again (its consumer died between this and the commit of its offset) counts once: the
// ledger's offset, not the group's, says what was done.
import Database from 'better-sqlite3'
import { type FileChange, type FolderTotal, Totals } from './events.ts'

export interface LedgerMessage {
  readonly offset: number
  readonly event: FileChange
}

/** Something that must never happen: a message missing (`gap`), or out of the order of its path (`order`). */
export interface Fault {
  readonly kind: 'gap' | 'order'
  readonly partition: number
  readonly detail: string
}

/** Messages of one partition as they were handed to a handler: [first, last]. */
export interface Delivery {
  readonly member: string
  readonly partition: number
  readonly first: number
  readonly last: number
}

const schema = `
  CREATE TABLE IF NOT EXISTS totals (folder TEXT PRIMARY KEY, events INTEGER, added INTEGER, removed INTEGER);
  CREATE TABLE IF NOT EXISTS paths (path TEXT PRIMARY KEY, seq INTEGER) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS positions (partition INTEGER PRIMARY KEY, next INTEGER);
  CREATE TABLE IF NOT EXISTS faults (kind TEXT, partition INTEGER, detail TEXT);
  CREATE TABLE IF NOT EXISTS deliveries (member TEXT, partition INTEGER, first INTEGER, last INTEGER);
`

export class Ledger {
  readonly #database: Database.Database
  readonly #apply: (member: string, partition: number, messages: readonly LedgerMessage[]) => void

  constructor(file: string) {
    this.#database = new Database(file, { timeout: 30_000 })
    this.#database.pragma('journal_mode = WAL')
    this.#database.pragma('synchronous = NORMAL')
    this.#database.exec(schema)
    this.#apply = this.#prepareApply()
  }

  /** Counts a batch of one partition, in the order of its offsets, once. */
  apply(member: string, partition: number, messages: readonly LedgerMessage[]): void {
    if (messages.length > 0) this.#apply(member, partition, messages)
  }

  /** How many messages were counted: the sum of the partitions' next offsets. */
  counted(): number {
    return this.#one('SELECT coalesce(sum(next), 0) AS value FROM positions')
  }

  /** How many messages were handed to handlers, repeats included. */
  delivered(): number {
    return this.#one('SELECT coalesce(sum(last - first + 1), 0) AS value FROM deliveries')
  }

  totals(): FolderTotal[] {
    const rows = this.#database.prepare(
      'SELECT folder, events, added, removed FROM totals ORDER BY folder COLLATE BINARY',
    )
    return rows.all() as FolderTotal[]
  }

  faults(): Fault[] {
    return this.#database.prepare('SELECT kind, partition, detail FROM faults ORDER BY rowid').all() as Fault[]
  }

  /** In the order in which they were handed out. */
  deliveries(): Delivery[] {
    const rows = this.#database.prepare('SELECT member, partition, first, last FROM deliveries ORDER BY rowid')
    return rows.all() as Delivery[]
  }

  close(): void {
    this.#database.close()
  }

  #one(sql: string): number {
    return (this.#database.prepare(sql).get() as { value: number }).value
  }

  #prepareApply() {
    const database = this.#database
    const nextOf = database.prepare<[number], { next: number }>('SELECT next FROM positions WHERE partition = ?')
    const setNext = database.prepare('INSERT OR REPLACE INTO positions VALUES (?, ?)')
    const seqOf = database.prepare<[string], { seq: number }>('SELECT seq FROM paths WHERE path = ?')
    const setSeq = database.prepare('INSERT OR REPLACE INTO paths VALUES (?, ?)')
    const addFault = database.prepare('INSERT INTO faults VALUES (?, ?, ?)')
    const addDelivery = database.prepare('INSERT INTO deliveries VALUES (?, ?, ?, ?)')
    const addTotal = database.prepare(
      `INSERT INTO totals VALUES (@folder, @events, @added, @removed) ON CONFLICT (folder) DO UPDATE SET
        events = events + @events, added = added + @added, removed = removed + @removed`,
    )

    const apply = database.transaction((member: string, partition: number, messages: readonly LedgerMessage[]) => {
      addDelivery.run(member, partition, messages[0]?.offset, messages.at(-1)?.offset)
      let next = nextOf.get(partition)?.next ?? 0
      const totals = new Totals()
      for (const { offset, event } of messages) {
        if (offset < next) continue // counted before
        if (offset > next) addFault.run('gap', partition, `offset ${offset} came where ${next} was due`)
        next = offset + 1
        totals.add(event)
        const before = seqOf.get(event.path)?.seq ?? 0
        if (event.seq <= before) addFault.run('order', partition, `${event.path}: ${event.seq} came after ${before}`)
        setSeq.run(event.path, event.seq)
      }
      for (const total of totals.list()) addTotal.run(total)
      setNext.run(partition, next)
    })
    // The write lock first, so that what is read in the transaction is still true when it is written.
    return apply.immediate
  }
}
