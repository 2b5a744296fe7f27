// A broker's state in a word.
import type { BrokerView } from '../api/index.ts'
import { useText } from '../catalogue/index.ts'
import { Tag } from '../shell/index.ts'
import { lagOf, stateOf } from './filter.ts'

const tones = { up: 'ok', stopping: 'warn', recovering: 'warn', down: 'bad' } as const

interface BrokerProps {
  readonly broker: Pick<BrokerView, 'state' | 'stopping' | 'why' | 'recovery'>
}

export function BrokerState({ broker }: BrokerProps) {
  const { states, openOf } = useText().brokers
  const state = stateOf(broker)
  const { why, recovery } = broker
  return (
    <Tag tone={tones[state]} state={state} title={recovery === null ? why : openOf(recovery.opened, recovery.logs)}>
      {states[state]}
    </Tag>
  )
}

type TroubledBroker = Pick<BrokerView, 'state' | 'faults' | 'strays' | 'behind' | 'recovery' | 'vitals'>

/** What is wrong with a broker that is there; nothing: nothing. */
export function Trouble({ broker }: { readonly broker: TroubledBroker }) {
  const { trouble, openOf } = useText().brokers
  const { faults, strays, recovery } = broker
  const behind = lagOf(broker)
  const isSlow = broker.vitals?.writePath === 'async'
  if (faults.length + strays.length + behind === 0 && !isSlow && recovery === null)
    return <span className="quiet">{broker.state === 'down' ? '–' : trouble.none}</span>
  return (
    <span className="tags">
      {recovery !== null && (
        <Tag tone="warn" state="recovering">
          {openOf(recovery.opened, recovery.logs)}
        </Tag>
      )}
      {faults.length > 0 && (
        <Tag tone="bad" state="faults">
          {trouble.faults(faults.length)}
        </Tag>
      )}
      {behind > 0 && (
        <Tag tone="warn" state="behind">
          {trouble.behind(behind)}
        </Tag>
      )}
      {isSlow && (
        <Tag tone="warn" state="slow-disk">
          {trouble.slowDisk}
        </Tag>
      )}
      {strays.length > 0 && <Tag state="strays">{trouble.strays(strays.length)}</Tag>}
    </span>
  )
}
