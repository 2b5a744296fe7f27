// Before the first pixel: the theme and the language that were chosen, so that nothing flashes. A file of its own and no
// module, because it must run before the style sheet counts, and the content security policy allows no inline script.
;(() => {
  const read = (name) => {
    try {
      return localStorage.getItem(`castellan.${name}`)
    } catch {
      return null // storage is forbidden: the system's theme will do
    }
  }
  const theme = read('theme')
  const isDark = theme === 'dark' || (theme !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches)
  document.documentElement.dataset.theme = isDark ? 'dark' : 'light'
  document.documentElement.lang = read('language') ?? (navigator.language.startsWith('zh') ? 'zh-CN' : 'en')
})()
