import { writeFileSync } from 'node:fs'

/** Writes `rows` × `width` float32 vectors as numpy's own format, version 1.0; the values are a fixed pattern unless given. */
export function writeNpy(
  path: string,
  rows: number,
  width: number,
  valueAt: (row: number, column: number) => number = (row, column) =>
    Math.sin((row * width + column) * 0.7) / 2,
): void {
  const description = `{'descr': '<f4', 'fortran_order': False, 'shape': (${rows}, ${width}), }`
  const prefix = 10
  const padded =
    description.padEnd(Math.ceil((prefix + description.length + 1) / 64) * 64 - prefix - 1) + '\n'
  const header = Buffer.alloc(prefix)
  header.write('\x93NUMPY', 'latin1')
  header.writeUInt8(1, 6)
  header.writeUInt16LE(padded.length, 8)
  const values = Float32Array.from({ length: rows * width }, (_, index) =>
    valueAt(Math.floor(index / width), index % width),
  )
  writeFileSync(path, Buffer.concat([header, Buffer.from(padded, 'latin1'), Buffer.from(values.buffer)]))
}
