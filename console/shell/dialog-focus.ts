// Focus of dialogs. One that closes gives it back to what opened it, so that whoever works by keyboard is where they were.
import { useEffect } from 'react'

export function useReturnFocus(): void {
  useEffect(() => {
    const opener = document.activeElement
    return () => {
      if (opener instanceof HTMLElement && opener.isConnected) opener.focus()
    }
  }, [])
}

/** Where the focus starts when a dialog has opened, unless somebody was faster than its motion and types already. */
export function startFocus(element: HTMLElement | null | undefined): void {
  const { activeElement } = document
  if (activeElement?.closest('[role="dialog"]') && activeElement.matches('input, textarea, select')) return
  element?.focus()
}
