// `npm run pack:sdk`: leaves the package that users install in dist/, and says what is in it.
//
// --out DIR puts it elsewhere.
import { join, relative, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { type PackageFolder, pack, packages } from './pack.ts'

const root = join(import.meta.dirname, '..', '..')
const { values, positionals } = parseArgs({ options: { out: { type: 'string' } }, allowPositionals: true })
const [folder = ''] = positionals
if (!(folder in packages) || positionals.length !== 1) {
  console.error(`Say which package to pack, one of: ${Object.keys(packages).join(', ')}.`)
  process.exit(1)
}

const packed = await pack(
  root,
  folder as PackageFolder,
  values.out === undefined ? join(root, 'dist') : resolve(values.out),
)
for (const { path, size } of packed.files) console.log(`${kib(size)}  ${path}`)
console.log(`${kib(packed.unpackedBytes)}  unpacked`)
console.log(`${kib(packed.bytes)}  ${relative(process.cwd(), packed.file)}`)

function kib(bytes: number): string {
  return `${(bytes / 1024).toFixed(1)} KiB`.padStart(11)
}
