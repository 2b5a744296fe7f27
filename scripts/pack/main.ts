// `npm run pack:sdk`: leaves the package that users install in dist/, and says what is in it.
//
// --out DIR puts it elsewhere; --json says it for programs; --in-place prepares the package's folder for `npm pack` there.
import { join, relative, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { type PackageFolder, type Packed, pack, packages, stageInPlace } from './pack.ts'

const root = join(import.meta.dirname, '..', '..')
const { values, positionals } = parseArgs({
  options: { out: { type: 'string' }, json: { type: 'boolean' }, 'in-place': { type: 'boolean' } },
  allowPositionals: true,
})
const [folder = ''] = positionals
if (!(folder in packages) || positionals.length !== 1) {
  console.error(`Say which package to pack, one of: ${Object.keys(packages).join(', ')}.`)
  process.exit(1)
}

const failed = (error: Error) => {
  console.error(error.message)
  process.exit(1)
}
if (values['in-place'] === true) {
  await stageInPlace(root, folder as PackageFolder).catch(failed)
  process.exit()
}
const into = values.out === undefined ? join(root, 'dist') : resolve(values.out)
const packed = await pack(root, folder as PackageFolder, into).catch(failed)
if (values.json === true) console.log(JSON.stringify(packed))
else for (const line of table(packed)) console.log(line)

function table({ files, unpackedBytes, bytes, file }: Packed): string[] {
  const rows = [...files.map(({ path, size }) => [size, path] as const), [unpackedBytes, 'unpacked'] as const]
  return [...rows, [bytes, relative(process.cwd(), file)] as const].map(([bytes, what]) => `${kib(bytes)}  ${what}`)
}

function kib(bytes: number): string {
  return `${(bytes / 1024).toFixed(1)} KiB`.padStart(11)
}
