// Language, time zone and theme. Native selects: every keyboard, screen reader and phone knows them, and they weigh nothing.
import { useState } from 'react'
import { setLanguage, useLanguage, useText } from '../catalogue/index.ts'
import { zoneChoice } from '../formats/index.ts'
import { usePreference } from './preferences.ts'
import { type ThemeChoice, themeChoice } from './theme.ts'

export function Choices() {
  return (
    <>
      <ZoneChoice />
      <LanguageChoice />
      <ThemeSelect />
    </>
  )
}

function LanguageChoice() {
  const { shell } = useText()
  const language = useLanguage()
  return (
    <select
      className="choice"
      aria-label={shell.language}
      value={language}
      onChange={({ target }) => void setLanguage(target.value === 'zh-CN' ? 'zh-CN' : 'en')}
    >
      <option value="en">English</option>
      <option value="zh-CN">中文</option>
    </select>
  )
}

function ThemeSelect() {
  const { shell } = useText()
  const choice = usePreference(themeChoice)
  return (
    <select
      className="choice"
      aria-label={shell.theme}
      value={choice}
      onChange={({ target }) => themeChoice.set(target.value as ThemeChoice)}
    >
      {(['system', 'light', 'dark'] as const).map((theme) => (
        <option key={theme} value={theme}>
          {shell.themes[theme]}
        </option>
      ))}
    </select>
  )
}

/** The few hundred zones are put into the list when somebody opens it. */
function ZoneChoice() {
  const { shell } = useText()
  const zone = usePreference(zoneChoice)
  const [zones, setZones] = useState<readonly string[]>([])
  const shown = zones.length === 0 && zone !== 'local' && zone !== 'utc' ? [zone] : zones
  return (
    <select
      className="choice choice-zone"
      aria-label={shell.zone}
      value={zone}
      onFocus={() => setZones(Intl.supportedValuesOf('timeZone'))}
      onPointerDown={() => setZones(Intl.supportedValuesOf('timeZone'))}
      onChange={({ target }) => zoneChoice.set(target.value)}
    >
      <option value="local">{shell.zones.local}</option>
      <option value="utc">{shell.zones.utc}</option>
      {shown.map((name) => (
        <option key={name} value={name}>
          {name}
        </option>
      ))}
    </select>
  )
}
