import { computed, ref, shallowRef, watch, type ComputedRef, type Ref, type ShallowRef } from 'vue'
import {
  pointOfRow,
  rowOfPoint,
  toGraftError,
  type GraftError,
  type IdColumns,
  type MapColor,
  type MapMethod,
  type NeighborMetric,
  type TableView,
} from '../../src-main/contract'
import { pairOf, versionsOf, type Pair, type VersionChoice } from '../components/embeddings/map/versions'
import { useJobs } from '../stores/jobs'
import { useMaps, type ColoredPoints, type LoadedMap } from '../stores/maps'
import { useRuns } from '../stores/runs'

/** What the map of a table is, and what is chosen on it. */
export interface TableMapState {
  readonly versions: ComputedRef<VersionChoice[]>
  readonly version: ComputedRef<VersionChoice | null>
  readonly versionKey: Ref<string | null>
  readonly pair: ComputedRef<Pair | null>
  readonly method: Ref<MapMethod>
  readonly metric: Ref<NeighborMetric>
  readonly color: ShallowRef<MapColor | null>
  readonly columns: ShallowRef<IdColumns | null>
  readonly loaded: ShallowRef<LoadedMap | null>
  readonly colored: ShallowRef<ColoredPoints | null>
  /** The job that makes the map, while it runs. */
  readonly job: Ref<string | null>
  readonly error: ShallowRef<GraftError | null>
  /** Whether the making of the wished map was cancelled. */
  readonly cancelled: Ref<boolean>
  /** The row that is looked at. */
  readonly row: Ref<number | null>
  /** Points of the map that are selected, in order. */
  readonly selection: ShallowRef<Uint32Array | null>
  readonly rowOf: (point: number) => number
  readonly pointOf: (row: number) => number
  cancel(): void
  retry(): void
  /** Shows what went wrong beside the map. */
  fail(error: GraftError): void
}

/** Keeps the map of a table, its colours and what is chosen on it in step with what the person wishes to see. */
export function useTableMap(table: () => TableView): TableMapState {
  const maps = useMaps()
  const jobs = useJobs()
  const runs = useRuns()

  const versionKey = ref<string | null>(null)
  const method = ref<MapMethod>('pca')
  const metric = ref<NeighborMetric>('cosine')
  const color = shallowRef<MapColor | null>(null)
  const columns = shallowRef<IdColumns | null>(null)
  const loaded = shallowRef<LoadedMap | null>(null)
  const colored = shallowRef<ColoredPoints | null>(null)
  const job = ref<string | null>(null)
  const error = shallowRef<GraftError | null>(null)
  const cancelled = ref(false)
  const row = ref<number | null>(null)
  const selection = shallowRef<Uint32Array | null>(null)
  const attempt = ref(0)

  const versions = computed(() => versionsOf(table(), runs.list))
  const version = computed(
    () => versions.value.find(({ key }) => key === versionKey.value) ?? versions.value[0] ?? null,
  )
  const pair = computed(() =>
    version.value ? pairOf(version.value, versions.value, table().id, runs.list) : null,
  )

  watch(
    () => table().id,
    (id) => {
      versionKey.value = null
      color.value = null
      columns.value = null
      row.value = null
      selection.value = null
      maps.idColumns(id).then(
        (found) => {
          if (table().id === id) columns.value = found
        },
        (thrown: unknown) => (error.value = toGraftError(thrown)),
      )
    },
    { immediate: true },
  )

  /** A wish that a later one has replaced is not heard any more. */
  let wish = 0
  watch(
    // The metric means nothing to PCA.
    () => [version.value?.hash, method.value, method.value === 'umap' ? metric.value : '', attempt.value],
    async () => {
      const own = (wish += 1)
      const chosen = version.value
      if (job.value !== null) void jobs.cancel(job.value).catch(() => undefined)
      job.value = null
      error.value = null
      cancelled.value = false
      if (!chosen) {
        loaded.value = null
        return
      }
      try {
        const found = await maps.load(chosen.version, method.value, metric.value, (id) => {
          if (own === wish) job.value = id
          else void jobs.cancel(id).catch(() => undefined)
        })
        if (own === wish) loaded.value = found
      } catch (thrown) {
        if (own !== wish) return
        const failure = toGraftError(thrown)
        if (failure.code === 'cancelled') cancelled.value = true
        else error.value = failure
      } finally {
        if (own === wish) job.value = null
      }
    },
    { immediate: true },
  )

  let colorWish = 0
  watch(
    () => [version.value?.hash, color.value],
    async () => {
      const own = (colorWish += 1)
      const chosen = version.value
      if (!chosen || !color.value) {
        colored.value = null
        return
      }
      try {
        const found = await maps.colors(chosen.version, color.value)
        if (own === colorWish) colored.value = found
      } catch (thrown) {
        if (own === colorWish) error.value = toGraftError(thrown)
      }
    },
    { immediate: true },
  )

  const rows = (): number => loaded.value?.map.rows ?? table().rows
  return {
    versions,
    version,
    versionKey,
    pair,
    method,
    metric,
    color,
    columns,
    loaded,
    colored,
    job,
    error,
    cancelled,
    row,
    selection,
    rowOf: (point) => rowOfPoint(rows(), point),
    pointOf: (of) => pointOfRow(rows(), of),
    cancel: () => {
      if (job.value !== null) void jobs.cancel(job.value).catch(() => undefined)
    },
    retry: () => (attempt.value += 1),
    fail: (thrown) => (error.value = thrown),
  }
}
