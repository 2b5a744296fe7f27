// Damaged logs that nobody can mend (R9): what is sound of each is looked for while nobody leads, and told to Castle. When a person has decided
// that one of them goes on with that, the rest of it is cut off, and kept like a log that was set aside:
//
//   nobody leads ─► survey ─► report: sound up to ... ─► a person sees what is lost ─► `salvage` in the topic's state
//                                                                                           │
//   elected ◄── report: no fault ◄── opened ◄── the rest is kept in damaged-... ◄── cut ◄───┘
//
// Each step is taken by what Castle says now, and again by the next process: the note of the fault goes last.
import type { LogContext } from '../log/context.ts'
import { Limiter } from '../log/limiter.ts'
import { cutToSound, type Sound, type Survey, surveyLog } from '../log/salvage.ts'
import type { LogFolders } from './folders.ts'
import type { HighWatermarks } from './high-watermarks.ts'
import type { Logs, LogsHost } from './logs.ts'
import type { Partition } from './partition.ts'
import type { Table } from './table.ts'

export interface SalvagesOptions {
  readonly context: LogContext
  readonly folders: LogFolders
  readonly marks: HighWatermarks
  readonly table: Table
  readonly logs: Logs
}

export class Salvages {
  readonly #options: SalvagesOptions
  readonly #host: LogsHost
  /** Each reads a whole log: one after another. */
  readonly #limiter = new Limiter(1)
  readonly #underWay = new Set<Partition>()
  #isClosed = false

  constructor(options: SalvagesOptions, host: LogsHost) {
    this.#options = options
    this.#host = host
  }

  /** Nothing is cut any more. */
  close(): void {
    this.#isClosed = true
  }

  /** Looks for what is sound of a damaged log, and has it reported. */
  survey(partition: Partition): void {
    this.#run(partition, async () => {
      const survey = await this.#look(partition)
      if (survey !== undefined) partition.noteSound(this.#soundOf(partition, survey))
    })
  }

  /** Goes on with what is sound, and is out of use no more. */
  salvage(partition: Partition): void {
    // Fetched anew: nothing is wrong with what it has, and nobody has the rest.
    if (partition.isDamaged) return this.#run(partition, () => partition.alone(() => this.#cut(partition)))
    const { topic, topicId, index, endOffset } = partition
    const fields = { topic, topicId, partition: index, endOffset }
    this.#options.context.log.warn(
      fields,
      'a log that was to be fetched anew goes on with what it has, as a person decided',
    )
    this.#options.logs.noteWhole(partition)
  }

  #run(partition: Partition, task: () => Promise<void>): void {
    if (this.#underWay.has(partition)) return
    this.#underWay.add(partition)
    void this.#limiter.run(async () => {
      const isDone = await this.#attempt(partition, task)
      this.#underWay.delete(partition)
      // What it is to do next, or what was said meanwhile.
      if (isDone && this.#isThere(partition)) this.#host.applyOne(partition.topicId, partition.index)
    })
  }

  async #attempt(partition: Partition, task: () => Promise<void>): Promise<boolean> {
    try {
      if (this.#isWanted(partition)) await task()
      return true
    } catch (error) {
      // Its files are gone with its topic.
      if (!this.#isThere(partition)) return false
      const { topic, topicId, index } = partition
      const fields = { topic, topicId, partition: index, error }
      this.#options.context.complaints.say('salvage', fields, 'a damaged log cannot be salvaged; it is tried again')
      this.#host.noteRefused()
      return false
    }
  }

  #isThere(partition: Partition): boolean {
    return !this.#isClosed && this.#options.table.has(partition)
  }

  /** Nobody leads still: else it is made anew. */
  #isWanted(partition: Partition): boolean {
    const { leader = -1 } = this.#options.table.states.get(partition.topicId)?.partitions[partition.index] ?? {}
    return this.#isThere(partition) && partition.isDamaged && leader < 0
  }

  async #look(partition: Partition): Promise<Survey | undefined> {
    const { context } = this.#options
    // What it had begun when it was found to be damaged.
    await partition.log?.settled()
    return surveyLog(context, partition.folder, () => this.#isWanted(partition))
  }

  /** This process, or the high watermark that is written down, may know better where the log ended. */
  #soundOf({ log, topicId, index }: Partition, survey: Survey): Sound {
    const { marks } = this.#options
    const { startOffset, endOffset, lastEpoch, hadOffset } = survey
    const atLeast = Math.max(endOffset, (marks.areOfTheseLogs ? marks.get(topicId, index) : undefined) ?? -1)
    const had = log !== undefined && log.endOffset >= atLeast ? log.endOffset : hadOffset
    return { startOffset, endOffset, lastEpoch, hadOffset: had !== null && had >= atLeast ? had : null }
  }

  async #cut(partition: Partition): Promise<void> {
    const { context, folders, marks, logs } = this.#options
    const { topicId, index, topic, fault, sound } = partition
    const survey = await this.#look(partition)
    if (survey === undefined) return
    const { endOffset, lastEpoch } = survey
    // Of that much nobody has been told yet.
    if (endOffset !== sound?.endOffset || lastEpoch !== sound.lastEpoch)
      return partition.noteSound(this.#soundOf(partition, survey))
    await cutToSound(context, partition.folder, survey)
    if (!this.#isThere(partition)) return
    const place = folders.place(topicId, index)
    const kept = folders.keepCut(place)
    // A log that ends below what is written down counts as damaged.
    marks.forget(topicId, index)
    const log = await logs.reopen(partition)
    if (this.#isThere(partition)) await folders.removeFault(place)
    if (!this.#isThere(partition)) return log.abandon()
    folders.endAnew(place)
    context.counters.salvages++
    const fields = { topic, topicId, partition: index, fault, endOffset, hadOffset: sound.hadOffset, kept }
    context.log.warn(fields, 'a damaged log goes on with what is sound of it, as a person decided')
    partition.attach(log, false)
    this.#host.noteWritten(partition)
    this.#host.noteChanged(partition)
  }
}
