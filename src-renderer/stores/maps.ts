import { defineStore } from 'pinia'
import { shallowRef } from 'vue'
import {
  pointsAtOnce,
  tableMap,
  type IdColumns,
  type IdDetail,
  type IdLabel,
  type MapColor,
  type MapColors,
  type MapMethod,
  type NeighborMetric,
  type TableDrift,
  type TableMap,
  type TableVersion,
} from '../../src-main/contract'
import { api } from '../api'
import { bytesOf, floatsOf } from '../packed'
import { useJobs } from './jobs'

/** A map with its points in memory. */
export interface LoadedMap {
  readonly map: TableMap
  readonly points: Float32Array // x0, y0, x1, …
}

export interface ColoredPoints {
  readonly legend: MapColors['legend']
  readonly codes: Uint8Array
  readonly missing: number
}

export type Label = IdLabel & { value: number | string | null }

/** Maps that are kept, to go back and forth between versions at once. */
const keptMaps = 6

/** Maps of tables and what is known of their rows, asked of main as they are looked at. */
export const useMaps = defineStore('maps', () => {
  const loaded = new Map<string, LoadedMap>()
  /** The table whose map is open, by its id. */
  const open = shallowRef<string | null>(null)

  /**
   * The map of a version, made by a job where there is none yet.
   * @param onJob told the job's id, to show and to cancel it
   */
  async function load(
    version: TableVersion,
    method: MapMethod,
    metric: NeighborMetric,
    onJob: (job: string) => void,
  ): Promise<LoadedMap> {
    const answer = await api.embeddings.map({ ...version, method, metric })
    let { map } = answer
    if (answer.job !== null) {
      onJob(answer.job)
      const job = await useJobs().finished(answer.job)
      map = tableMap.parse(job.result)
      // What it made is here to be seen: the list of jobs need not tell of it.
      await api.jobs.dismiss({ job: answer.job }).catch(() => undefined)
    }
    if (!map) throw new TypeError('Main made no map.')
    const known = loaded.get(map.id)
    if (known) return known
    const points = new Float32Array(2 * map.points)
    for (let from = 0; from < map.points; from += pointsAtOnce) {
      const piece = await api.embeddings.mapPoints({ map: map.id, from, count: pointsAtOnce })
      points.set(floatsOf(piece.points), 2 * from)
    }
    const found = { map, points }
    loaded.set(map.id, found)
    for (const old of [...loaded.keys()].slice(0, Math.max(0, loaded.size - keptMaps))) loaded.delete(old)
    return found
  }

  async function colors(version: TableVersion, color: MapColor): Promise<ColoredPoints> {
    const { codes, legend, missing } = await api.embeddings.mapColors({ ...version, color })
    return { codes: bytesOf(codes), legend, missing }
  }

  const idColumns = (table: string): Promise<IdColumns> => api.embeddings.idColumns({ table })

  const labels = async (
    version: TableVersion,
    rows: readonly number[],
    color: MapColor | null = null,
  ): Promise<Label[]> => (await api.embeddings.labels({ ...version, rows: [...rows], color })).labels

  const search = (table: string, text: string): Promise<{ found: IdLabel[]; total: number }> =>
    api.embeddings.searchIds({ table, text })

  const drift = (from: TableVersion, to: TableVersion): Promise<TableDrift> =>
    api.embeddings.drift({ from, to, k: 100 })

  const inspect = (
    column: string,
    id: string,
    version: TableVersion,
    metric: NeighborMetric,
  ): Promise<IdDetail> => api.embeddings.inspectId({ column, id, ...version, metric, k: 12 })

  return { open, load, colors, idColumns, labels, search, drift, inspect }
})
