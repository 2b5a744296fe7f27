// How commands take part in the traffic: the SDK, as quiet as a command should be.

import { silentLogger } from '@castellan/protocol/runtime'
import { type Castellan, connect } from '@castellan/sdk'
import { castleUrls, connectTimeoutMs } from './castle-api.ts'
import type { Input } from './command.ts'
import type { Io } from './io.ts'
import { say } from './output/index.ts'

/** As brokers and Castle see it. */
export const serviceName = 'castellan-cli'

/** Rejects with CASTLE_UNREACHABLE after a few seconds. What makes messages wait is told on stderr. */
export function connectSdk(input: Input, io: Io): Promise<Castellan> {
  const cluster = input.text('cluster')
  return connect({
    castle: castleUrls(input),
    service: serviceName,
    connectTimeoutMs,
    log: silentLogger,
    ...(cluster === undefined ? {} : { cluster }),
    onEvent: (event) => {
      if (event.kind === 'producer-waiting' && event.reason !== null) void say(io, `waiting: ${event.reason}`)
    },
  })
}
