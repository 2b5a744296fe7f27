// A dialog that closes gives the focus back to what opened it, so that whoever works by keyboard is where they were.
import { useEffect } from 'react'

export function useReturnFocus(): void {
  useEffect(() => {
    const opener = document.activeElement
    return () => {
      if (opener instanceof HTMLElement && opener.isConnected) opener.focus()
    }
  }, [])
}
