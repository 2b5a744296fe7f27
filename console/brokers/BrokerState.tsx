// A broker's state in a word.
import type { BrokerView } from '../api/index.ts'
import { useText } from '../catalogue/index.ts'
import { Tag } from '../shell/index.ts'
import { stateOf } from './filter.ts'

const tones = { up: 'ok', stopping: 'warn', down: 'bad' } as const

export function BrokerState({ broker }: { readonly broker: Pick<BrokerView, 'state' | 'stopping' | 'why'> }) {
  const { states } = useText().brokers
  const state = stateOf(broker)
  return (
    <Tag tone={tones[state]} state={state} title={broker.why}>
      {states[state]}
    </Tag>
  )
}

/** What is wrong with a broker that is there; nothing: nothing. */
export function Trouble({ broker }: { readonly broker: Pick<BrokerView, 'faults' | 'strays' | 'behind'> }) {
  const { trouble } = useText().brokers
  const { faults, strays, behind } = broker
  if (faults.length + strays.length + behind.length === 0) return <span className="quiet">{trouble.none}</span>
  return (
    <span className="tags">
      {faults.length > 0 && (
        <Tag tone="bad" state="faults">
          {trouble.faults(faults.length)}
        </Tag>
      )}
      {behind.length > 0 && (
        <Tag tone="warn" state="behind">
          {trouble.behind(behind.length)}
        </Tag>
      )}
      {strays.length > 0 && <Tag state="strays">{trouble.strays(strays.length)}</Tag>}
    </span>
  )
}
