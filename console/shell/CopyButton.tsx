// Copies a text, and says for two seconds that it did. Where the browser gives no clipboard (a page without TLS that is not on this
// machine), it says that instead of pretending.
import { useEffect, useState } from 'react'
import { useText } from '../catalogue/index.ts'
import { Icon } from './icons.tsx'

interface CopyButtonProps {
  readonly text: string
  /** What is copied: 'Copy value'. */
  readonly label: string
}

const shownMs = 2_000

export function CopyButton({ text, label }: CopyButtonProps) {
  const { shell } = useText()
  const [outcome, setOutcome] = useState<'none' | 'copied' | 'refused'>('none')
  useEffect(() => {
    if (outcome === 'none') return undefined
    const timer = setTimeout(() => setOutcome('none'), shownMs)
    return () => clearTimeout(timer)
  }, [outcome])
  const copy = async () => setOutcome(await copied(text))
  const words = { none: label, copied: shell.copied, refused: shell.copyRefused }
  return (
    <button type="button" className="copy" data-state={outcome} onClick={copy}>
      <Icon name="copy" />
      <span aria-live="polite">{words[outcome]}</span>
    </button>
  )
}

async function copied(text: string): Promise<'copied' | 'refused'> {
  try {
    await navigator.clipboard.writeText(text)
    return 'copied'
  } catch (error) {
    // No clipboard at all is a TypeError, a forbidden one a DOMException.
    if (error instanceof DOMException || error instanceof TypeError) return 'refused'
    throw error
  }
}
