import { dropKind } from '../composables/useDrop'

/** One of the dropped files with those that belong to it. */
export interface DropGroup<T> {
  readonly main: T
  /** Files that its reader looks for beside it: the Projector's metadata, a checkpoint's numbers. */
  readonly beside: readonly T[]
  /** The keys of its rows. */
  readonly keys: T | null
}

/** Names that files of keys bear, after the name of what they are the keys of. */
const keysPattern =
  /^(?:(.+?)[._-])?(?:ids?|keys?|vocab(?:ulary)?|words|tokens|names|labels|titles|metadata)\.(?:txt|json|csv|tsv|parquet|npy)$/i
/** Tables by their endings that are vectors by their names. */
const vectorsPattern = /vec|emb|tensor/i

const stem = (name: string): string => name.replace(/\.[^.]*$/, '').toLowerCase()

/** Whether a reader looks for the one beside the other. */
function belongs(name: string, main: string): boolean {
  const shard = /^(.*)\.data-\d{5}-of-\d{5}$/i.exec(name)
  if (shard) return main.toLowerCase() === `${shard[1]}.index`.toLowerCase()
  const metadata = /^(.*)metadata\.tsv$/i.exec(name)
  const tensors = /^(.*?)(?:tensors?|vectors?|vecs)\.tsv$/i.exec(main)
  return metadata !== null && tensors !== null && metadata[1] === tensors[1]
}

/**
 * Parts files that were dropped together: keys and metadata go with the vectors beside which they lie, and are no tables
 * of their own.
 */
export function groupDropped<T extends { readonly name: string }>(files: readonly T[]): DropGroup<T>[] {
  const owner = new Map<T, T>()
  for (const file of files) {
    const main = files.find((other) => other !== file && belongs(file.name, other.name))
    if (main) owner.set(file, main)
  }
  const keysOf = new Map<T, T>()
  const holders = files.filter(
    (file) =>
      !owner.has(file) &&
      !keysPattern.test(file.name) &&
      (dropKind(file.name) === 'vectors' || vectorsPattern.test(file.name)),
  )
  for (const file of files) {
    if (owner.has(file) || holders.includes(file)) {
      // A list beside vectors of the same name: `items.txt` and `items.npy`.
      if (!/\.(txt|json)$/i.test(file.name)) continue
      const twin = holders.find(
        (one) => one !== file && !/\.txt$/i.test(one.name) && stem(one.name) === stem(file.name),
      )
      if (twin) keysOf.set(file, twin)
      continue
    }
    const named = keysPattern.exec(file.name)
    const prefix = named?.[1]?.toLowerCase()
    const twin = holders.find(({ name }) => stem(name) === prefix || stem(name) === stem(file.name))
    const [only] = holders
    const main = twin ?? (named && holders.length === 1 ? only : undefined)
    const isList = named !== null || /\.(txt|json)$/i.test(file.name)
    if (main && isList) keysOf.set(file, main)
  }
  return files
    .filter((file) => !owner.has(file) && !keysOf.has(file))
    .map((main) => ({
      main,
      beside: files.filter((file) => owner.get(file) === main),
      keys: files.find((file) => keysOf.get(file) === main) ?? null,
    }))
}
