// A disk, injected. Paths are absolute strings with '/'. Errors carry Node's `code` (ENOENT, ENOSPC, EIO, ...).
//
// Calls without a Promise block the event loop: they are for hot pages, appends to the page cache and
// small metadata. `readAsync` is for cold data, `writevAsync` for a disk that makes its writers wait, `sync` never runs on the loop
// (performance.md), and `removeAsync` is for what may be large: to give a gigabyte back takes a file system a third of a second.

export type OpenMode =
  | 'read' // must exist
  | 'write' // must exist; read and write
  | 'create' // made when missing; read and write; kept as it is when it exists

export interface DiskFile {
  readonly path: string
  size(): number
  /** Reads into `target` from `position`; returns the bytes read, fewer than asked only at the end. */
  read(target: Uint8Array, position: number): number
  readAsync(target: Uint8Array, position: number): Promise<number>
  /** Writes all buffers one after another from `position`. Throws when not all could be written. */
  writev(buffers: readonly Uint8Array[], position: number): void
  /** As `writev`, off the loop; rejects when not all could be written. The buffers must stay as they are until it has settled. */
  writevAsync(buffers: readonly Uint8Array[], position: number): Promise<void>
  truncate(size: number): void
  /** Resolves when everything written before the call is durable (fdatasync). */
  sync(): Promise<void>
  close(): void
}

export interface Disk {
  open(path: string, mode: OpenMode): DiskFile
  exists(path: string): boolean
  /** The names in a folder, sorted; throws ENOENT when it does not exist. */
  list(folder: string): string[]
  /** Makes a folder and its parents; does nothing when it exists. */
  mkdir(folder: string): void
  /** Removes a file, or a folder with all in it; does nothing when it does not exist. */
  remove(path: string): void
  removeAsync(path: string): Promise<void>
  rename(from: string, to: string): void
  /** Resolves when the names in the folder (files made, renamed, removed) are durable. */
  syncFolder(folder: string): Promise<void>
}

/** Reads a whole small file, or undefined when it does not exist. */
export function readSmallFile(disk: Disk, path: string): Uint8Array | undefined {
  if (!disk.exists(path)) return undefined
  const file = disk.open(path, 'read')
  try {
    const bytes = new Uint8Array(file.size())
    return bytes.subarray(0, file.read(bytes, 0))
  } finally {
    file.close()
  }
}

/** Replaces a small file so that a crash leaves either the old or the new content, never a mix. */
export async function replaceFile(disk: Disk, path: string, content: Uint8Array): Promise<void> {
  const temporary = `${path}.tmp`
  disk.remove(temporary)
  const file = disk.open(temporary, 'create')
  try {
    file.writev([content], 0)
    await file.sync()
  } finally {
    file.close()
  }
  disk.rename(temporary, path)
  await disk.syncFolder(path.slice(0, path.lastIndexOf('/')))
}
