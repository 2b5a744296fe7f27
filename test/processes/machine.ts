// What this machine has besides Node. A test that needs something else says so; where that is missing, the test is skipped and
// the run names it, so that nobody takes a thin run for a full one. `.ci/run` installs all of it.
import { accessSync, constants, existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { test } from 'vitest'

/** Each tool, the commands any one of which provides it, and how to get it. */
export const tools = {
  Chromium: { commands: ['chromium', 'chromium-browser', 'google-chrome'], install: 'apt-get install chromium' },
  kcat: { commands: ['kcat', 'kafkacat'], install: 'apt-get install kcat' },
  Redis: { commands: ['redis-server'], install: 'apt-get install redis-server' },
  Python: { commands: ['python3'], install: 'apt-get install python3' },
  Java: { commands: ['java'], install: 'apt-get install default-jre-headless' },
  JDK: { commands: ['javac'], install: 'apt-get install default-jdk-headless' },
  Go: { commands: ['go'], install: 'apt-get install golang' },
  Maven: { commands: ['mvn'], install: 'apt-get install maven' },
  zsh: { commands: ['zsh'], install: 'apt-get install zsh' },
} as const

export type Tool = keyof typeof tools

/** The path of the command that provides a tool, or undefined where the machine lacks it. */
export function pathOf(tool: Tool, searchPath = process.env['PATH'] ?? ''): string | undefined {
  for (const folder of searchPath.split(delimiter)) {
    for (const command of tools[tool].commands) {
      const path = join(folder, command)
      if (folder !== '' && isExecutable(path)) return path
    }
  }
  return undefined
}

export function missingTools(searchPath = process.env['PATH'] ?? ''): Tool[] {
  return (Object.keys(tools) as Tool[]).filter((tool) => pathOf(tool, searchPath) === undefined)
}

/** Vitest's `test` where the machine has all of these; otherwise the test is skipped: `needing('kcat')('reads ...', ...)`. */
export function needing(...needed: Tool[]): ReturnType<typeof test.skipIf> {
  const missing = missingTools()
  return test.skipIf(needed.some((tool) => missing.includes(tool)))
}

function isExecutable(path: string): boolean {
  if (!existsSync(path)) return false
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch (error) {
    if (isAccessError(error)) return false
    throw error
  }
}

function isAccessError(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EACCES'
}
