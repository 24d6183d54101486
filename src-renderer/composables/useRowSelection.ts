import { computed, shallowRef, type ComputedRef, type Ref, type ShallowRef } from 'vue'

export interface RowSelection {
  /** Names of the rows that were chosen together; empty where only the cursor's row is meant. */
  readonly chosen: ShallowRef<ReadonlySet<string>>
  /** What an edit is for: the chosen rows, where the cursor is on one of them, else the cursor's. */
  readonly targets: ComputedRef<readonly string[]>
  /** The cursor came to a row without a modifier: what was chosen stays only while the cursor is in it. */
  arrive(row: number): void
  /** From the row where the cursor stood to this one. */
  extend(row: number): void
  toggle(row: number): void
  all(): void
  clear(): void
}

/** Rows chosen as in a spreadsheet: ranges with Shift, single ones with Ctrl. Names outlive filters and sorting. */
export function useRowSelection(names: Ref<readonly string[]>, cursor: Ref<number>): RowSelection {
  const chosen = shallowRef<ReadonlySet<string>>(new Set())
  let anchor: string | null = null
  const nameOf = (row: number): string | null => names.value[row] ?? null

  function arrive(row: number): void {
    const name = nameOf(row)
    anchor = name
    if (chosen.value.size > 0 && (name === null || !chosen.value.has(name))) chosen.value = new Set()
  }

  function extend(row: number): void {
    anchor ??= nameOf(cursor.value)
    const from = anchor === null ? -1 : names.value.indexOf(anchor)
    const start = from < 0 ? row : from
    chosen.value = new Set(names.value.slice(Math.min(start, row), Math.max(start, row) + 1))
  }

  function toggle(row: number): void {
    const name = nameOf(row)
    if (name === null) return
    const next = new Set(chosen.value)
    if (next.has(name)) next.delete(name)
    else next.add(name)
    anchor = name
    chosen.value = next
  }

  const all = (): void => void (chosen.value = new Set(names.value))
  const clear = (): void => {
    if (chosen.value.size > 0) chosen.value = new Set()
  }

  const targets = computed(() => {
    const name = nameOf(cursor.value)
    if (name === null) return []
    if (!chosen.value.has(name)) return [name]
    // In the order of the grid, and only those that are shown: what is not seen is not edited by a key.
    return names.value.filter((one) => chosen.value.has(one))
  })

  return { chosen, targets, arrive, extend, toggle, all, clear }
}
