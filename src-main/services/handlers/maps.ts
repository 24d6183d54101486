import { type Handlers, type TableDrift } from '../../contract'
import { equalWidthHistogram } from '../../embeddings/statistics'
import { colorPoints } from '../maps/colors'
import { idFacts, type IdFacts, labelOf, searchIds } from '../maps/labels'
import { readPoints } from '../maps/mapFiles'
import { requestMap } from '../maps/makeMap'
import { comparedRows, rowValues, valueOfRow } from '../maps/values'
import { type Workbench } from '../workbench'

type MapHandlers = Pick<
  Handlers['embeddings'],
  'map' | 'mapPoints' | 'mapColors' | 'idColumns' | 'labels' | 'searchIds' | 'drift'
>

/** Maps of tables, what they are coloured by, and how far rows moved. */
export function mapHandlers(bench: Workbench): MapHandlers {
  return {
    map: ({ method, metric, neighbors, ...version }) =>
      requestMap(bench, { version, method, metric, neighbors }),

    mapPoints: async ({ map, from, count }) => ({
      points: (await readPoints(bench.requireSession().path, map, from, count)).toString('base64'),
    }),

    mapColors: async ({ color, ...version }) =>
      colorPoints(await rowValues(bench, bench.requireSession(), version, color)),

    idColumns: async ({ table }) => (await idFacts(bench.requireSession(), table)).view,

    labels: async ({ rows, color, ...version }) => {
      const session = bench.requireSession()
      const facts = await idFacts(session, version.table)
      const values = color ? await rowValues(bench, session, version, color) : null
      const labels = rows.map((row) => ({
        ...labelOf(facts, row),
        value: values ? valueOfRow(values, row) : null,
      }))
      return { labels }
    },

    searchIds: async ({ table, text, limit }) =>
      searchIds(await idFacts(bench.requireSession(), table), text, limit),

    drift: async ({ from, to, k }) => {
      const session = bench.requireSession()
      const facts = await idFacts(session, to.table)
      const { distances, similarities } = await comparedRows(bench, session, from, to)
      return summarizeDrift(distances, similarities, k, facts)
    },
  }
}

/** Unknown, row 0, takes part: it may move as any other row. */
function summarizeDrift(
  distances: Float32Array,
  similarities: Float32Array,
  k: number,
  facts: IdFacts,
): TableDrift {
  let sum = 0
  let max = 0
  let moved = 0
  for (const distance of distances) {
    sum += distance
    max = Math.max(max, distance)
    if (distance > 0) moved += 1
  }
  const order = Uint32Array.from(distances, (_, row) => row).sort(
    (a, b) => (distances[b] ?? 0) - (distances[a] ?? 0) || a - b,
  )
  const top = [...order.subarray(0, k)]
    .filter((row) => (distances[row] ?? 0) > 0)
    .map((row) => ({
      ...labelOf(facts, row),
      distance: distances[row] ?? 0,
      similarity: similarities[row] ?? 0,
    }))
  const histogram = equalWidthHistogram(distances, 0, max)
  return { rows: distances.length, moved, mean: sum / distances.length, max, histogram, top }
}
