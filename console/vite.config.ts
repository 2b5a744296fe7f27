// How the console is built: one page whose rooms load when they are visited, every file also as .gz and .br for Castle to send as it
// is. `npm run dev` here serves it live, with /api of the Castle that CASTLE names (http://127.0.0.1:8600).
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import react from '@vitejs/plugin-react'
import { defineConfig, type Plugin } from 'vite'

const folder = import.meta.dirname
/** Another folder while an old build may still be served (scripts/run.mjs). */
const dist = process.env['CONSOLE_DIST'] ?? join(folder, 'dist')

export default defineConfig({
  root: folder,
  plugins: [react(), compressed()],
  build: {
    outDir: dist,
    emptyOutDir: true,
    target: 'es2023',
    assetsInlineLimit: 0,
    manifest: true,
    reportCompressedSize: false,
  },
  server: {
    host: '127.0.0.1',
    port: 8601,
    proxy: {
      // Our own room of that name is no part of Castle's API.
      '^/api/(?!.*\\.ts(\\?|$))': {
        target: process.env['CASTLE'] ?? 'http://127.0.0.1:8600',
        changeOrigin: true,
        // Castle takes writes from its own pages only, and this one is served elsewhere.
        headers: { origin: process.env['CASTLE'] ?? 'http://127.0.0.1:8600' },
      },
    },
  },
})

function compressed(): Plugin {
  return {
    name: 'castellan-compressed',
    apply: 'build',
    writeBundle() {
      for (const file of readdirSync(dist, { recursive: true, encoding: 'utf8' })) {
        if (!/\.(js|css|html|svg)$/.test(file)) continue
        const bytes = readFileSync(join(dist, file))
        writeFileSync(join(dist, `${file}.gz`), gzipSync(bytes, { level: 9 }))
        const params = { [constants.BROTLI_PARAM_QUALITY]: 9, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length }
        writeFileSync(join(dist, `${file}.br`), brotliCompressSync(bytes, { params }))
      }
    },
  }
}
