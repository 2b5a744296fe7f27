// What a broker counts: plain numbers, so that counting costs nothing on the hot path and needs no library in the
// simulator. metrics.ts reads them when Prometheus asks.

/** Upper bounds of the request durations, in milliseconds; longer ones fall into one more bucket. */
export const durationBoundsMs = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500] as const

export interface ApiCounters {
  requests: number
  /** By bucket of `durationBoundsMs`, from the whole request read to its answer given; long polls include their wait. */
  readonly durations: number[]
  durationSumMs: number
  /** Answers by Kafka's error code, where not 0: one for each partition or topic that failed. */
  readonly errors: Map<number, number>
}

export class Counters {
  bytesIn = 0
  bytesOut = 0
  connectionsAccepted = 0
  /** Closed at once: there were `max.connections` already. */
  connectionsRefused = 0
  connectionsIdle = 0
  /** Closed for holding memory that others waited for: a request did not come whole, or answers were not taken. */
  connectionsStalled = 0
  /** Frames that are no request; each closed its connection. */
  malformedFrames = 0
  /** Handlers that threw: bugs. */
  failures = 0
  readonly apis = new Map<number, ApiCounters>()

  api(key: number): ApiCounters {
    let api = this.apis.get(key)
    if (!api) {
      api = {
        requests: 0,
        durations: new Array<number>(durationBoundsMs.length + 1).fill(0),
        durationSumMs: 0,
        errors: new Map(),
      }
      this.apis.set(key, api)
    }
    return api
  }

  requests(key: number): void {
    this.api(key).requests++
  }

  answered(key: number, durationMs: number): void {
    const api = this.api(key)
    let bucket = 0
    while (bucket < durationBoundsMs.length && durationMs > durationBoundsMs[bucket]!) bucket++
    api.durations[bucket]!++
    api.durationSumMs += durationMs
  }

  error(key: number, errorCode: number): void {
    const { errors } = this.api(key)
    errors.set(errorCode, (errors.get(errorCode) ?? 0) + 1)
  }
}
