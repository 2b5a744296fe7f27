#!/usr/bin/env node
// The `castellan` command as a process.
import { processIo } from './io.ts'
import { run } from './run.ts'

const words = process.argv.slice(2)
process.exitCode = await run(words, processIo(words.includes('--no-color')))
