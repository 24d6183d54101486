import { permutation, type RowRange } from '../dataset/batches'
import { Random } from '../dataset/random'

export interface WindowPlan {
  /** Pieces of row groups, in the order in which their rows lie in the window. */
  readonly pieces: readonly RowRange[]
  readonly rows: number
}

/**
 * How an epoch goes through a part that is larger than memory: windows of row groups, each window shuffled as a whole
 * when it is trained on. Row groups come in a random order that is even over the files, so that every window draws on all of
 * them in proportion: the k-th of a file's n shuffled groups stands at (k + u) / n, u uniform on [0, 1).
 * @param groups all row groups of the part, in order
 * @param windowRows the most rows of a window; at least one batch is taken
 * @param seed null keeps the order of the files
 * @returns windows that hold every row once, in whole batches but for the last
 */
export function planWindows(
  groups: readonly RowRange[],
  windowRows: number,
  batchSize: number,
  seed: number | null,
  epoch: number,
): WindowPlan[] {
  const capacity = Math.max(1, Math.floor(windowRows / batchSize)) * batchSize
  const windows: WindowPlan[] = []
  let pieces: RowRange[] = []
  let rows = 0
  const close = (): void => {
    if (rows > 0) windows.push({ pieces, rows })
    pieces = []
    rows = 0
  }
  for (const group of seed === null ? groups : shuffledGroups(groups, seed, epoch)) {
    for (let taken = 0; taken < group.rows;) {
      const count = Math.min(group.rows - taken, capacity - rows)
      pieces.push({ file: group.file, first: group.first + taken, rows: count })
      rows += count
      taken += count
      if (rows === capacity) close()
    }
  }
  close()
  return windows
}

/**
 * The rows of a window where an epoch is divided evenly: a small last window would leave little time to read the next
 * epoch's first one, and a large first one is waited for.
 * @param rows that the epoch takes
 * @param most that a window may hold; at least one batch is taken
 * @returns whole batches
 */
export function evenWindow(rows: number, most: number, batchSize: number): number {
  const batches = Math.ceil(rows / batchSize)
  const windows = Math.ceil(batches / Math.max(1, Math.floor(most / batchSize)))
  return Math.ceil(batches / windows) * batchSize
}

/** The windows of an epoch that ends after so many rows: no more of the last one is read than is taken. */
export function firstRows(windows: readonly WindowPlan[], most: number): WindowPlan[] {
  const taken: WindowPlan[] = []
  let left = most
  for (const window of windows) {
    if (left <= 0) break
    const pieces: RowRange[] = []
    let rows = 0
    for (const piece of window.pieces) {
      const count = Math.min(piece.rows, left - rows)
      if (count > 0) pieces.push({ ...piece, rows: count })
      rows += count
    }
    taken.push({ pieces, rows })
    left -= rows
  }
  return taken
}

function shuffledGroups(groups: readonly RowRange[], seed: number, epoch: number): RowRange[] {
  const random = new Random(seed, `row groups of epoch ${epoch}`)
  const files = new Map<string, RowRange[]>()
  for (const group of groups) {
    const known = files.get(group.file)
    if (known) known.push(group)
    else files.set(group.file, [group])
  }
  const placed: { group: RowRange; at: number }[] = []
  for (const own of files.values()) {
    permutation(own.length, random).forEach((index, k) => {
      const group = own[index]
      if (group) placed.push({ group, at: (k + random.uniform()) / own.length })
    })
  }
  return placed.sort((a, b) => a.at - b.at).map(({ group }) => group)
}
