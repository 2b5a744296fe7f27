// Checks the imports of every TypeScript file that git knows or would add; prints what is wrong and exits with 1.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { importsOf, judge } from './imports.ts'

const args = ['ls-files', '--cached', '--others', '--exclude-standard', '*.ts', '*.tsx']
const files = execFileSync('git', args, { encoding: 'utf8' }).split('\n').filter(existsSync)
let wrong = 0
for (const file of files) {
  for (const { specifier, line } of importsOf(readFileSync(file, 'utf8'))) {
    const problem = judge(file, specifier)
    if (problem === undefined) continue
    wrong++
    console.error(`${file}:${line} imports '${specifier}': ${problem}`)
  }
}
if (wrong > 0) process.exitCode = 1
