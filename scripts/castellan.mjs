#!/usr/bin/env node
// `castellan` as a command on the path (npx castellan, npm link): the same door as `npm run castellan --`.
process.argv.splice(2, 0, 'castellan')
await import('./run.mjs')
