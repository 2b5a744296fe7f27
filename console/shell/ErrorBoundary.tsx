// A page that breaks takes only itself down: the frame stays, says what happened, and another page can be opened.
import { Component, type ReactNode } from 'react'
import { useText } from '../catalogue/index.ts'

interface State {
  readonly error: unknown
}

export class ErrorBoundary extends Component<{ readonly children: ReactNode }, State> {
  override state: State = { error: undefined }

  static getDerivedStateFromError(error: unknown): State {
    return { error }
  }

  override render(): ReactNode {
    return this.state.error === undefined ? this.props.children : <Broken error={this.state.error} />
  }
}

function Broken({ error }: { readonly error: unknown }) {
  const { shell } = useText()
  return (
    <div className="page" role="alert">
      <h1>{shell.pageFailed}</h1>
      <p>{shell.pageFailedHint}</p>
      <pre className="mono">{error instanceof Error ? error.message : String(error)}</pre>
      <button type="button" className="text-button" onClick={() => window.location.reload()}>
        {shell.reload}
      </button>
    </div>
  )
}
