import { ref, shallowRef, watch, type Ref, type ShallowRef } from 'vue'
import { toGraftError, type GraftError, type Part, type RowWindow } from '../../src-main/contract'
import { useDataset } from '../stores/dataset'
import { pagesOf } from './rowWindow'

const pageSize = 200
/** Pages kept: 12,000 rows, enough to scroll back without asking again. */
const keptPages = 60

interface RowPages {
  readonly pages: ShallowRef<ReadonlyMap<number, RowWindow>>
  readonly error: ShallowRef<GraftError | null>
  readonly loading: Ref<number>
  /** Asks for the rows from `from` up to `to` where they are not there yet. */
  want(from: number, to: number): void
  /** The window that holds a row and the row's place in it; null while it is on its way. */
  find(row: number): { window: RowWindow; index: number } | null
}

/** Rows of a part, fetched a page at a time as they come into sight. */
export function useRowPages(part: Ref<Part>): RowPages {
  const dataset = useDataset()
  const pages = shallowRef<ReadonlyMap<number, RowWindow>>(new Map())
  const error = shallowRef<GraftError | null>(null)
  const loading = ref(0)
  let asked = new Set<number>()
  let wanted: [number, number] = [0, 0]
  let version = 0

  function want(from: number, to: number): void {
    wanted = [from, to]
    for (const page of pagesOf(from, to, pageSize)) if (!asked.has(page)) void fetchPage(page)
  }

  async function fetchPage(page: number): Promise<void> {
    const askedFor = version
    asked.add(page)
    loading.value += 1
    try {
      const window = await dataset.rows(part.value, page * pageSize, pageSize)
      if (askedFor !== version) return
      const next = new Map(pages.value).set(page, window)
      for (const old of [...next.keys()].slice(0, Math.max(0, next.size - keptPages))) {
        next.delete(old)
        asked.delete(old)
      }
      pages.value = next
      error.value = null
    } catch (thrown) {
      if (askedFor !== version) return
      asked.delete(page)
      error.value = toGraftError(thrown)
    } finally {
      loading.value -= 1
    }
  }

  function find(row: number): { window: RowWindow; index: number } | null {
    const window = pages.value.get(Math.floor(row / pageSize))
    return window ? { window, index: row - window.offset } : null
  }

  watch([part, () => dataset.version], () => {
    version += 1
    asked = new Set()
    pages.value = new Map()
    error.value = null
    want(...wanted)
  })

  return { pages, error, loading, want, find }
}
