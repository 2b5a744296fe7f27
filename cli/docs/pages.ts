// The pages of docs/ that are made from the code, by file name.
import { castleErrorsPage } from './castle-errors.ts'
import { commandLinePage } from './command-line.ts'
import { configurationPage } from './configuration.ts'

export async function pages(): Promise<Readonly<Record<string, string>>> {
  return {
    'configuration.md': configurationPage(),
    'command-line.md': await commandLinePage(),
    'castle-errors.md': castleErrorsPage(),
  }
}
