// The message catalogue: every text of the console, in each of its languages.
export { loadLanguage, setLanguage, type Texts, useAntdLocale, useLanguage, useText } from './language.ts'
