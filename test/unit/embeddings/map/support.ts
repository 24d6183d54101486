import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { writeNpy } from '../../../../src-main/embeddings'
import { normalGenerator } from '../../../../src-main/embeddings/random'

/** Rows around centres, in turn: row i belongs to cluster i mod clusters. @returns [rows, width] */
export function clusteredRows(rows: number, width: number, clusters: number, apart: number): Float32Array {
  const next = normalGenerator(7)
  const centres = Float32Array.from({ length: clusters * width }, () => apart * next())
  return Float32Array.from({ length: rows * width }, (_, i) => {
    const row = Math.floor(i / width)
    return (centres[(row % clusters) * width + (i % width)] ?? 0) + next()
  })
}

/** A folder that is gone after the test. */
export function scratchFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'graft-map-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Writes a table as a file of its own. */
export async function tableFile(table: Float32Array, width: number): Promise<string> {
  const path = join(scratchFolder(), 'table.npy')
  await writeNpy(path, table, width)
  return path
}

/** Share of the points whose nearest other points (5 of them) belong to their own cluster. */
export function purity(points: Float32Array, clusterOf: (point: number) => number, looked = 200): number {
  const count = points.length / 2
  const stride = Math.max(1, Math.floor(count / looked))
  let own = 0
  let all = 0
  for (let point = 0; point < count; point += stride) {
    const distances = Array.from({ length: count }, (_, other) => ({
      other,
      distance: Math.hypot(
        (points[2 * point] ?? 0) - (points[2 * other] ?? 0),
        (points[2 * point + 1] ?? 0) - (points[2 * other + 1] ?? 0),
      ),
    }))
      .filter(({ other }) => other !== point)
      .sort((a, b) => a.distance - b.distance)
    for (const { other } of distances.slice(0, 5)) {
      all += 1
      if (clusterOf(other) === clusterOf(point)) own += 1
    }
  }
  return own / all
}
