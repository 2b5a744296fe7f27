// Which brokers a filter shows, and how bad each one's state is, pure.
import type { BrokerView } from '../api/types.ts'
import { hasWords } from '../grid/words.ts'

export interface BrokerFilter {
  /** Words that id, address or rack must contain, all of them. */
  readonly q: string
  readonly state: string
}

export function isShown(broker: BrokerView, { q, state }: BrokerFilter): boolean {
  if (state !== '' && stateOf(broker) !== state) return false
  return hasWords([String(broker.id), addressOf(broker), broker.rack ?? '', broker.cluster], q)
}

export const states = ['up', 'stopping', 'recovering', 'down'] as const
export type BrokerState = (typeof states)[number]

/** A broker that was told to stop is up until it is gone; one that recovers its logs is not up yet. */
export function stateOf({
  state,
  stopping,
  recovery,
}: Pick<BrokerView, 'state' | 'stopping' | 'recovery'>): BrokerState {
  if (recovery !== null) return 'recovering'
  return state === 'up' && stopping ? 'stopping' : state
}

/** As a service writes it: IPv6 addresses stand in brackets. */
export function addressOf({ host, port }: Pick<BrokerView, 'host' | 'port'>): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

/** How many subjects it does not follow, though it could: who is down follows nothing. */
export function lagOf({ state, behind }: Pick<BrokerView, 'state' | 'behind'>): number {
  return state === 'down' ? 0 : behind.length
}

/** How much is wrong with it; 0: nothing. */
export function troubleOf(broker: BrokerView): number {
  const { state, faults, strays } = broker
  return (state === 'down' ? 1_000_000 : 0) + faults.length * 1_000 + strays.length + lagOf(broker)
}
