// A progress bar: drawn over itself on a terminal, a line for each tenth elsewhere.

export class ProgressBar {
  readonly #total: number
  readonly #out: NodeJS.WriteStream
  #tenths = -1

  constructor(total: number, out: NodeJS.WriteStream = process.stdout) {
    this.#total = total
    this.#out = out
  }

  /** `sent` and `counted` of the total. */
  show(sent: number, counted: number): void {
    const line = barLine(this.#total, sent, counted)
    if (this.#out.isTTY) this.#out.write(`\r${line}`)
    else {
      const tenths = Math.floor((counted / this.#total) * 10)
      if (tenths > this.#tenths) this.#out.write(`${line}\n`)
      this.#tenths = Math.max(this.#tenths, tenths)
    }
  }

  end(): void {
    if (this.#out.isTTY) this.#out.write('\n')
  }
}

const width = 40

/** `=` is counted, `-` is sent and on its way. */
export function barLine(total: number, sent: number, counted: number): string {
  const cells = (count: number) => Math.floor((count / total) * width)
  const bar = '='.repeat(cells(counted)).padEnd(cells(sent), '-').padEnd(width)
  const percent = Math.floor((counted / total) * 100)
  return `[${bar}] ${String(percent).padStart(3)} %  ${sent} sent  ${counted} counted`
}
