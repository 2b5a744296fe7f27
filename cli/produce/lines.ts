// Lines out of bytes, as bytes: what is no UTF-8 passes unchanged. A line that is longer than the limit ends the reading, before
// it fills the memory.
import { UsageError } from '../errors.ts'

const newline = 0x0a

/** A last line without its end counts; an empty last one does not. Throws a UsageError that names the line. */
export async function* lines(chunks: AsyncIterable<Uint8Array>, bytesMax: number): AsyncGenerator<Buffer> {
  let parts: Buffer[] = []
  let length = 0
  let number = 1
  for await (const chunk of chunks) {
    let rest = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    for (let end = rest.indexOf(newline); ; end = rest.indexOf(newline)) {
      const part = end === -1 ? rest : rest.subarray(0, end)
      parts.push(part)
      length += part.length
      if (length > bytesMax)
        throw new UsageError(`Line ${number} is longer than ${bytesMax} bytes: use --as whole, or split it.`)
      if (end === -1) break
      yield Buffer.concat(parts)
      parts = []
      length = 0
      number++
      rest = rest.subarray(end + 1)
    }
  }
  if (length > 0) yield Buffer.concat(parts)
}
