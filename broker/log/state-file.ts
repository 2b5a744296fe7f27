// Small files beside the segments (checkpoint, epochs, index, ...): one line with kind, format version and checksum,
// then JSON.
//
//   castellan-checkpoint 1 9ae8a7c3
//   {"startOffset":0,...}
//
// All but the partition's identity can be made again from the batches. So they are replaced by a rename, which no kill
// can tear, but are not synced: after a power loss the checksum tells a torn one, and it counts as missing.
import { crc32c } from '@castellan/protocol/records'
import { type Disk, readSmallFile, replaceFile } from '@castellan/protocol/runtime'
import { systemCode } from '../errors.ts'
import { LogError } from './errors.ts'

export interface FileKind {
  readonly kind: string
  readonly version: number
}

/** What the file holds; undefined when it is missing or damaged. Throws LOG_VERSION for another format version. */
export function readStateFile<T>(disk: Disk, path: string, file: FileKind): T | undefined {
  const bytes = readSmallFile(disk, path)
  if (bytes === undefined) return undefined
  const lineEnd = bytes.indexOf(0x0a)
  const match = /^castellan-([a-z-]+) (\d{1,9}) ([0-9a-f]{8})$/.exec(
    new TextDecoder('latin1').decode(bytes.subarray(0, Math.max(0, lineEnd))),
  )
  if (match === null || match[1] !== file.kind) return undefined
  const body = new TextDecoder().decode(bytes.subarray(lineEnd + 1))
  if (checksum({ kind: match[1], version: Number(match[2]) }, body) !== match[3]) return undefined
  if (Number(match[2]) !== file.version) {
    throw new LogError('LOG_VERSION', `${path} has format ${match[2]}, but this release reads format ${file.version}`)
  }
  // The checksum says that these are the bytes that a release of this format version wrote.
  return JSON.parse(body) as T
}

/** Replaces the file in one step; survives a kill from the next moment on, a power loss when the system has written it back. */
export function writeStateFile(disk: Disk, path: string, kind: FileKind, content: object): void {
  writeStateText(disk, path, kind, JSON.stringify(content))
}

/** As `writeStateFile`, of content that is JSON already. */
export function writeStateText(disk: Disk, path: string, kind: FileKind, body: string): void {
  const temporary = `${path}.tmp`
  const file = disk.open(temporary, 'create')
  try {
    file.truncate(0)
    file.writev([encode(kind, body)], 0)
  } finally {
    file.close()
  }
  disk.rename(temporary, path)
}

/** As `writeStateFile`, and resolves when a power loss cannot undo it. */
export function replaceStateFile(disk: Disk, path: string, kind: FileKind, content: object): Promise<void> {
  return replaceFile(disk, path, encode(kind, JSON.stringify(content)))
}

/** Writes over the old content, for a disk without room for a second one. A kill in between leaves neither. */
export function overwriteStateFile(disk: Disk, path: string, kind: FileKind, content: object): void {
  const file = disk.open(path, 'create')
  try {
    const bytes = encode(kind, JSON.stringify(content))
    file.writev([bytes], 0)
    file.truncate(bytes.length)
  } finally {
    file.close()
  }
}

/**
 * As `replaceStateFile`, also on a disk without room: over the old content where that has the room; else the file goes, which takes none, and
 * counts as missing. Resolves to whether it is written.
 */
export async function replaceOrRemove(disk: Disk, path: string, kind: FileKind, content: object): Promise<boolean> {
  try {
    await replaceStateFile(disk, path, kind, content)
    return true
  } catch (error) {
    if (systemCode(error) !== 'ENOSPC') throw error
  }
  try {
    overwriteStateFile(disk, path, kind, content)
    return true
  } catch (error) {
    if (systemCode(error) !== 'ENOSPC') throw error
  }
  disk.remove(path)
  await disk.syncFolder(path.slice(0, path.lastIndexOf('/')))
  return false
}

function encode(kind: FileKind, body: string): Uint8Array {
  return new TextEncoder().encode(`castellan-${kind.kind} ${kind.version} ${checksum(kind, body)}\n${body}`)
}

/** Of all that a reader goes by: the version too. */
function checksum({ kind, version }: FileKind, body: string): string {
  return crc32c(new TextEncoder().encode(`${kind} ${version} ${body}`))
    .toString(16)
    .padStart(8, '0')
}
