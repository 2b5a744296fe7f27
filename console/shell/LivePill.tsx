// How old what you see can be: the age of the last word from Castle. Green while it beats, amber when the stream is silent and the
// page asks by itself, red when nobody answers. The words say it too; colour alone says nothing.
import { type ConnectionState, useConnection } from '../api/index.ts'
import { useText } from '../catalogue/index.ts'
import { useFormats, useNow } from '../formats/index.ts'

export function LivePill() {
  const { shell } = useText()
  const state = useConnection()
  const words = useWords(state)
  return (
    <span className="pill" data-state={state.kind} title={shell.live.explain[state.kind]}>
      <span className="pill-dot" aria-hidden="true" />
      <span className="pill-words">{words}</span>
    </span>
  )
}

function useWords(state: ConnectionState): string {
  const { live } = useText().shell
  const formats = useFormats()
  const nowMs = useNow()
  switch (state.kind) {
    case 'connecting':
      return live.connecting
    case 'live':
      return live.live(formats.age(nowMs - state.heardMs))
    case 'polling':
      return live.polling(formats.age(nowMs - state.heardMs))
    case 'away':
      return live.away(formats.clock(state.sinceMs))
  }
}
