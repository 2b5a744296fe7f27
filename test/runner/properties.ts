// Property tests draw the same cases in every `npm test`, so that a red run is red again; `npm run test:long` draws fresh
// ones, and fast-check prints the seed of those that fail.
import fc from 'fast-check'

if (process.env['CASTELLAN_LONG'] !== '1') fc.configureGlobal({ seed: 20_261_121 })
