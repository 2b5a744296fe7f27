// How far sending is, on standard error while somebody looks at it: count, rate, bytes, and a bar where the whole is known.
import type { Output } from '../io.ts'
import { bytesText, counted, countText } from '../output/index.ts'

const refreshMs = 100
const barColumns = 24

export interface Progressed {
  readonly sent: number
  readonly failed: number
  readonly bytes: number
}

/** One line. `total` is undefined where the end is not known. */
export function progressText(
  { sent, failed, bytes }: Progressed,
  elapsedMs: number,
  total: number | undefined,
): string {
  const rate = elapsedMs === 0 ? 0 : Math.round((sent * 1_000) / elapsedMs)
  const failures = failed === 0 ? '' : `, ${countText(failed)} failed`
  const text = `${counted(sent, 'message')}${failures}, ${countText(rate)}/s, ${bytesText(bytes)}`
  if (total === undefined || total === 0) return text
  const share = Math.min(1, bytes / total)
  const full = Math.round(share * barColumns)
  const percent = `${Math.floor(share * 100)} %`.padStart(5)
  return `[${'#'.repeat(full)}${'-'.repeat(barColumns - full)}] ${percent}  ${text} of ${bytesText(total)}`
}

export class Progress {
  readonly #out: Output | undefined
  readonly #total: number | undefined
  readonly #now: () => Progressed
  readonly #startedMs = performance.now()
  readonly #timer: NodeJS.Timeout | undefined

  /** Shows nothing where nobody looks, or should be disturbed (undefined). */
  constructor(out: Output | undefined, total: number | undefined, now: () => Progressed) {
    this.#out = out?.isTerminal === true ? out : undefined
    this.#total = total
    this.#now = now
    if (this.#out === undefined) return
    this.#timer = setInterval(() => void this.#show(), refreshMs)
    this.#timer.unref()
  }

  /** Makes room for other lines; the next refresh shows it again. */
  async clear(): Promise<void> {
    await this.#out?.write('\r\u001b[K')
  }

  async end(): Promise<void> {
    clearInterval(this.#timer)
    await this.clear()
  }

  async #show(): Promise<void> {
    const text = progressText(this.#now(), performance.now() - this.#startedMs, this.#total)
    await this.#out?.write(`\r\u001b[K${text.slice(0, (this.#out.columns ?? 80) - 1)}`)
  }
}
