// What happened in a run, counted by name: faults, lines of the log, decisions of Castle, errors that brokers answered. What should
// happen now and then and never does is reported: a fault that never strikes and a branch that is never taken prove nothing.
import type { Broker } from '@castellan/broker'
import { apis, errors } from '@castellan/protocol'

export class Coverage {
  /** By the text of the line. */
  readonly logged = new Map<string, number>()
  readonly #counts = new Map<string, number>()

  count(what: string, times = 1): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + times)
  }

  /** Its counters, when its process is over. */
  addBroker(broker: Broker): void {
    for (const [key, api] of broker.counters.apis) {
      for (const [code, times] of api.errors) this.count(`answered: ${nameOfApi(key)} ${nameOfError(code)}`, times)
    }
    for (const [name, value] of Object.entries(broker.partitions.metrics)) {
      if (value > 0 && Number.isInteger(value)) this.count(`counter: ${name}`, value)
    }
  }

  all(): Map<string, number> {
    const all = new Map(this.#counts)
    for (const [text, times] of this.logged) all.set(`log: ${text}`, times)
    return all
  }
}

const errorNames = new Map<number, string>(Object.values(errors).map(({ code, name }) => [code, name]))

function nameOfApi(key: number): string {
  return apis.get(key)?.name ?? `API ${key}`
}

function nameOfError(code: number): string {
  return errorNames.get(code) ?? `error ${code}`
}
