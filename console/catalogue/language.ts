// The language of the page. English is part of the first load; Chinese is fetched when it is first wanted. Switching changes the
// texts in place: no reload, so the address and a half-filled form stay.
import type { ConfigProviderProps } from 'antd'
import enUS from 'antd/locale/en_US'
import { useSyncExternalStore } from 'react'
import type { Language } from '../formats/formats.ts'
import { preference } from '../shell/preferences.ts'
import { en } from './en/index.ts'
import type { Texts } from './texts.ts'

const languageChoice = preference<Language>(
  'language',
  navigator.language.startsWith('zh') ? 'zh-CN' : 'en',
  (text): text is Language => text === 'en' || text === 'zh-CN',
)

type AntdLocale = NonNullable<ConfigProviderProps['locale']>

/** antd has its locale in English too: with one only at times it would mount the whole page anew, and forms would be lost. */
let shown: { language: Language; texts: Texts; antd: AntdLocale } = { language: 'en', texts: en, antd: enUS }
const listeners = new Set<() => void>()

/** Shows the language that was chosen; resolves when its texts are there. To be awaited before the first paint. */
export async function loadLanguage(): Promise<void> {
  const language = languageChoice.get()
  const loaded = language === 'en' ? { texts: en, antd: enUS } : await loadChinese()
  if (languageChoice.get() !== language) return // changed again meanwhile
  shown = { language, ...loaded }
  document.documentElement.lang = language
  for (const listener of listeners) listener()
}

async function loadChinese(): Promise<{ texts: Texts; antd: AntdLocale }> {
  const [{ zh }, { default: antd }] = await Promise.all([import('./zh/index.ts'), import('antd/locale/zh_CN')])
  return { texts: zh, antd }
}

export async function setLanguage(language: Language): Promise<void> {
  languageChoice.set(language)
  await loadLanguage()
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export function useLanguage(): Language {
  return useSyncExternalStore(subscribe, () => shown.language)
}

/** All texts of the page: `const text = useText()`, then `text.topics.title`, or `text.topics.survives(2)` where a text takes values. */
export function useText(): Texts {
  return useSyncExternalStore(subscribe, () => shown.texts)
}

/** For antd's own few words. */
export function useAntdLocale(): AntdLocale {
  return useSyncExternalStore(subscribe, () => shown.antd)
}
