// A field of a form: its label, what is wrong with it or else a hint, tied together for those who hear the page.
import { type ReactNode, useId } from 'react'
import './form.css'

interface FieldProps {
  readonly label: string
  readonly hint?: string
  readonly problems?: readonly string[]
  readonly children: (props: {
    readonly id: string
    readonly 'aria-describedby': string
    readonly 'aria-invalid': boolean
    readonly status: '' | 'error'
  }) => ReactNode
}

export function Field({ label, hint, problems = [], children }: FieldProps) {
  const id = useId()
  const isWrong = problems.length > 0
  const about = `${id}-about`
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {children({ id, 'aria-describedby': about, 'aria-invalid': isWrong, status: isWrong ? 'error' : '' })}
      <div id={about} className={isWrong ? 'field-problem' : 'field-hint'}>
        {isWrong ? problems.join(' ') : hint}
      </div>
    </div>
  )
}
