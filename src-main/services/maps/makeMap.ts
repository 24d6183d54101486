import { type MapMethod, type NeighborMetric, type TableMap, type TableVersion } from '../../contract'
import { mappedTable } from '../../embeddings/map/plan'
import { runTrainerJob } from '../../training/job'
import { type Workbench } from '../workbench'
import { mapId, readMap, writeMap } from './mapFiles'
import { findVersion } from './versions'

export interface MapWish {
  readonly version: TableVersion
  readonly method: MapMethod
  readonly metric: NeighborMetric
  readonly neighbors: number
}

/**
 * A map from the cache, or the job that makes it in a process of its own, so that neither the window nor who answers it
 * waits for it.
 */
export async function requestMap(
  bench: Workbench,
  { version, method, metric, neighbors }: MapWish,
): Promise<{ map: TableMap | null; job: string | null }> {
  const session = bench.requireSession()
  const hash = recordedHash(await session.runs.record(version.run ?? '').catch(() => null), version)
  const known = hash ?? session.document.tables.find(({ id }) => id === version.table)?.hash ?? null
  if (known !== null) {
    const map = await readMap(session.path, mapId({ hash: known, method, metric, neighbors }))
    if (map) return { map, job: null }
  }
  const title = `Map ${version.table} by ${method === 'pca' ? 'PCA' : 'UMAP'}`
  const job = bench.jobs.start('map', title, async ({ signal, report }): Promise<TableMap> => {
    report({ phase: 'Finding rows', done: 0, total: null, unit: 'rows' })
    const place = await findVersion(bench, session, version, signal)
    const id = mapId({ hash: place.hash, method, metric, neighbors })
    const plan = { path: place.path, array: place.array, method, metric, neighbors }
    const options = { signal, onProgress: report }
    const made = mappedTable.parse(await runTrainerJob(bench.options.fork, { kind: 'map', plan }, options))
    const { rows, points, fitted, shares } = made
    const map = { id, method, metric, rows, points: points.byteLength / 8, fitted, shares }
    await writeMap(session.path, map, points)
    return map
  })
  return { map: null, job }
}

/** The hash of a run's table, as it recorded it. */
function recordedHash(
  record: { tables: readonly { table: string; hashBefore: string; hashAfter: string }[] } | null,
  { table, run, moment }: TableVersion,
): string | null {
  if (run === null) return null
  const found = record?.tables.find((candidate) => candidate.table === table)
  if (!found) return null
  return moment === 'after' ? found.hashAfter : found.hashBefore
}
