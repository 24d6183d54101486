import type { RowRange } from './batches'
import { literal, type Duck } from './duckdb'

/** The row groups of Parquet files, in order: what a reader can take without its neighbours. Those without rows are left out. */
export async function rowGroups(duck: Duck, files: readonly string[]): Promise<RowRange[]> {
  const groups: RowRange[] = []
  for (const file of files) {
    const found = await duck.all(
      `SELECT row_group_id, any_value(row_group_num_rows)::INTEGER AS n FROM parquet_metadata(${literal(file)}) GROUP BY ALL ORDER BY row_group_id`,
    )
    let first = 0
    for (const { n } of found) {
      const rows = Number(n)
      if (rows > 0) groups.push({ file, first, rows })
      first += rows
    }
  }
  return groups
}
