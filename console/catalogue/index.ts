// The message catalogue: every text of the console, in each of its languages.
export { loadLanguage, setLanguage, useAntdLocale, useLanguage, useText } from './language.ts'
export type { Texts } from './texts.ts'
