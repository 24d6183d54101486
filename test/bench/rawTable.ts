import { DuckDBInstance } from '@duckdb/node-api'

/**
 * Writes a CSV of an imaginary shop, 12 columns: text ids of long tails (200,000 users, 50,000 items), a code with leading
 * zeros, two of few values, numbers with and without gaps, one of them skewed, a time, a label. The same rows every time.
 */
export async function writeRawTable(file: string, rows: number): Promise<void> {
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  // Uniform on [0, 1), of its own for every column.
  const u = (column: number): string => `((hash(i + ${column}::BIGINT * 1000003) % 1000003) / 1000003.0)`
  const user = `floor(pow(${u(1)}, 2) * 200000)::BIGINT`
  const item = `floor(pow(${u(2)}, 3) * 50000)::BIGINT`
  try {
    await connection.run(`
      COPY (
        SELECT
          'u' || lpad(${user}::VARCHAR, 7, '0') AS user_id,
          'item-' || ${item} AS item_id,
          lpad((hash(${user}) % 30000)::VARCHAR, 5, '0') AS zip_code,
          ['phone', 'tablet', 'desktop', 'television'][1 + floor(pow(${u(3)}, 2) * 4)::INTEGER] AS device,
          ['books', 'garden', 'music', 'toys', 'sports', 'kitchen', 'office', 'games', 'health', 'fashion', 'pets', 'tools'][1 + floor(${u(4)} * 12)::INTEGER] AS category,
          CASE WHEN ${u(5)} >= 0.05 THEN 16 + floor(${u(6)} * 60)::INTEGER END AS age,
          round(exp(1 + 4 * ${u(7)}), 2) AS price,
          CASE WHEN ${u(8)} >= 0.02 THEN round(${u(9)} + ${u(10)} + ${u(11)} - 1.5, 6) END AS affinity,
          round(${u(12)} * 1000, 3) AS seconds_on_page,
          floor(exp(6 * ${u(13)}))::BIGINT AS previous_orders,
          1600000000 + i * 3 AS timestamp,
          (${u(14)} < 0.2 + 0.3 * ${u(2)})::INTEGER AS label
        FROM range(${rows}) t(i)
      ) TO '${file.replaceAll("'", "''")}' (FORMAT csv, HEADER true)`)
  } finally {
    connection.closeSync()
    instance.closeSync()
  }
}
