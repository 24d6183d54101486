import { ref, shallowRef, watch, type Ref, type ShallowRef } from 'vue'
import { toGraftError, type Cell, type GraftError, type Part } from '../../src-main/contract'
import { useDataset } from '../stores/dataset'
import { pagesOf } from './rowWindow'

const pageRows = 200
const pageColumns = 24
/** Pages kept: of a narrow table 12,000 rows, enough to scroll back without asking again. */
const keptPages = 60

/** What is in sight: rows and columns from … up to …, by their places. */
export interface Sight {
  fromRow: number
  toRow: number
  fromColumn: number
  toColumn: number
}

interface RowPages {
  readonly error: ShallowRef<GraftError | null>
  readonly loading: Ref<number>
  /** Changes whenever cells have come. */
  readonly version: ShallowRef<number>
  /** Asks for what is in sight where it is not there yet. */
  want(sight: Sight): void
  /** The value of a cell; undefined while it is on its way. */
  find(row: number, column: number): Cell | undefined
}

/** Cells of a part, fetched a page of rows and columns at a time as they come into sight. */
export function useRowPages(part: Ref<Part>, columns: Ref<readonly { name: string }[]>): RowPages {
  const dataset = useDataset()
  const error = shallowRef<GraftError | null>(null)
  const loading = ref(0)
  const version = shallowRef(0)
  /** By page: the values of its columns. Oldest first. */
  let pages = new Map<string, Map<string, readonly Cell[]>>()
  let asked = new Set<string>()
  let wanted: Sight | null = null
  let generation = 0

  const keyOf = (rows: number, of: number): string => `${rows} ${of}`

  function want(sight: Sight): void {
    wanted = sight
    for (const rows of pagesOf(sight.fromRow, sight.toRow, pageRows))
      for (const of of pagesOf(sight.fromColumn, sight.toColumn, pageColumns))
        if (!asked.has(keyOf(rows, of))) void fetchPage(rows, of)
  }

  async function fetchPage(rows: number, of: number): Promise<void> {
    const key = keyOf(rows, of)
    const askedIn = generation
    const names = columns.value.slice(of * pageColumns, (of + 1) * pageColumns).map(({ name }) => name)
    asked.add(key)
    loading.value += 1
    try {
      const window = await dataset.rows(part.value, rows * pageRows, pageRows, names)
      if (askedIn !== generation) return
      pages.set(key, new Map(window.columns.map(({ name, values }) => [name, values])))
      for (const old of [...pages.keys()].slice(0, Math.max(0, pages.size - keptPages))) {
        pages.delete(old)
        asked.delete(old)
      }
      version.value += 1
      error.value = null
    } catch (thrown) {
      if (askedIn !== generation) return
      asked.delete(key)
      error.value = toGraftError(thrown)
    } finally {
      loading.value -= 1
    }
  }

  function find(row: number, column: number): Cell | undefined {
    const page = pages.get(keyOf(Math.floor(row / pageRows), Math.floor(column / pageColumns)))
    return page?.get(columns.value[column]?.name ?? '')?.[row % pageRows]
  }

  watch([part, () => dataset.version], () => {
    generation += 1
    asked = new Set()
    pages = new Map()
    version.value += 1
    error.value = null
    if (wanted) want(wanted)
  })

  return { error, loading, version, want, find }
}
