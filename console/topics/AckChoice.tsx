// The three ack levels side by side, each with what it waits for and what it can lose.
import { useId } from 'react'
import { useText } from '../catalogue/index.ts'
import { type AckLevel, ackLevels } from './AckTag.tsx'
import './form.css'

interface AckChoiceProps {
  readonly value: AckLevel
  readonly replicas: number
  readonly onChange: (level: AckLevel) => void
}

export function AckChoice({ value, replicas, onChange }: AckChoiceProps) {
  const { topics, topic } = useText()
  const name = useId()
  return (
    <div className="field">
      <span className="field-legend" id={name}>
        {topic.creation.ack}
      </span>
      <div className="cards" role="radiogroup" aria-labelledby={name}>
        {ackLevels.map((level) => (
          <label key={level} className="card" data-state={level === value ? 'chosen' : undefined}>
            <span className="card-title">
              <input type="radio" name={name} checked={level === value} onChange={() => onChange(level)} />
              {topics.ack.name[level]}
            </span>
            <span className="card-text">{topics.ack.waitsFor[level]}</span>
            <span className="card-text">{topics.ack.loses(level, replicas)}</span>
          </label>
        ))}
      </div>
    </div>
  )
}
