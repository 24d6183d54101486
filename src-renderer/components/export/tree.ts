export interface TreeLine {
  path: string
  name: string
  depth: number
  folder: boolean
  /** Of a folder: the sum of its files. */
  bytes: number
  description: string
}

/** Files with `/` in their names as the lines of a tree: folders before what is in them, in order of name. */
export function treeLines(
  files: readonly { name: string; bytes: number; description?: string }[],
): TreeLine[] {
  const lines = new Map<string, TreeLine>()
  for (const file of files) {
    const names = file.name.split('/')
    names.forEach((name, depth) => {
      const path = names.slice(0, depth + 1).join('/')
      const folder = depth < names.length - 1
      const line = lines.get(path)
      if (line) line.bytes += file.bytes
      else
        lines.set(path, {
          path,
          name,
          depth,
          folder,
          bytes: file.bytes,
          description: folder ? '' : (file.description ?? ''),
        })
    })
  }
  return [...lines.values()].sort((a, b) => compare(a.path, b.path))
}

function compare(a: string, b: string): number {
  const [left, right] = [a.split('/'), b.split('/')]
  for (let index = 0; index < Math.min(left.length, right.length); index += 1) {
    const order = (left[index] ?? '').localeCompare(right[index] ?? '', 'en')
    if (order !== 0) return order
  }
  return left.length - right.length
}
