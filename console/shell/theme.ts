// Dark or light: the system's choice unless the person made one. Our own colours are CSS variables (tokens.css); antd gets the
// same ones here. Its own light colours are too pale as text (console.md section 5), so the text colours are ours.
import { theme as antdTheme, type ThemeConfig } from 'antd'
import { useEffect, useSyncExternalStore } from 'react'
import { preference, usePreference } from './preferences.ts'

export type ThemeChoice = 'system' | 'light' | 'dark'

export const themeChoice = preference<ThemeChoice>(
  'theme',
  'system',
  (text): text is ThemeChoice => text === 'system' || text === 'light' || text === 'dark',
)

const systemIsDark = window.matchMedia('(prefers-color-scheme: dark)')

function subscribeToSystem(listener: () => void): () => void {
  systemIsDark.addEventListener('change', listener)
  return () => systemIsDark.removeEventListener('change', listener)
}

/** What is shown; keeps `data-theme` of the document true to it. */
export function useTheme(): 'light' | 'dark' {
  const choice = usePreference(themeChoice)
  const system = useSyncExternalStore(subscribeToSystem, () => systemIsDark.matches)
  const shown = choice === 'system' ? (system ? 'dark' : 'light') : choice
  useEffect(() => {
    document.documentElement.dataset['theme'] = shown
  }, [shown])
  return shown
}

const colours = {
  light: {
    success: '#237804',
    warning: '#874d00',
    error: '#cf1322',
    link: '#0958d9',
    page: '#ffffff',
    raised: '#ffffff',
  },
  dark: {
    success: '#6abe39',
    warning: '#e8b339',
    error: '#f37370',
    link: '#65a9f3',
    page: '#131517',
    raised: '#1f2226',
  },
}

export function antdConfig(theme: 'light' | 'dark'): ThemeConfig {
  const { success, warning, error, link, page, raised } = colours[theme]
  return {
    algorithm: theme === 'dark' ? antdTheme.darkAlgorithm : antdTheme.defaultAlgorithm,
    // The dark algorithm dims it below AA on the button's own ground.
    components: { Button: { colorError: error, colorErrorHover: error } },
    token: {
      fontFamily: 'var(--font)',
      fontFamilyCode: 'var(--mono)',
      fontSize: 13,
      borderRadius: 4,
      controlHeight: 28,
      motionDurationFast: '0.08s',
      motionDurationMid: '0.1s',
      motionDurationSlow: '0.14s',
      colorPrimary: theme === 'dark' ? '#3b82f6' : '#0958d9',
      colorLink: link,
      colorSuccess: success,
      colorWarning: warning,
      colorError: error,
      colorBgBase: page,
      colorBgElevated: raised,
      colorTextTertiary: theme === 'dark' ? 'rgba(255,255,255,0.55)' : 'rgba(0,0,0,0.55)',
      colorTextPlaceholder: theme === 'dark' ? 'rgba(255,255,255,0.55)' : 'rgba(0,0,0,0.55)',
      colorTextDescription: theme === 'dark' ? 'rgba(255,255,255,0.65)' : 'rgba(0,0,0,0.65)',
    },
  }
}
