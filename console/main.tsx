// Where the console starts: the chosen language first, so that no text changes after the first paint.
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { loadLanguage } from './catalogue/index.ts'
import { App } from './shell/App.tsx'
import './shell/tokens.css'
import './shell/controls.css'

await loadLanguage()
const root = document.getElementById('root')
if (root === null) throw new Error('index.html lacks its #root')
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
)
