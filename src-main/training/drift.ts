import { meanRowMovement } from '../embeddings/hash'
import type { TableSpec } from '../model'
import type { StepSession } from './stepSession'

/** Numbers that are read for a table's drift at most: 16 MB of them. */
const mostNumbers = 2 ** 22
/** Stretches of rows that stand for a larger table, spread evenly over it. */
const stretches = 64

/**
 * How far a table's rows are from where they were, in the mean: measured after every epoch, so it must cost little. Of a table
 * of more than 16 MB it looks at 64 stretches of rows, 16 MB in all.
 */
export class Drift {
  readonly byEpoch: number[]
  private readonly before: readonly Float32Array[]
  private readonly places: readonly { first: number; count: number }[]

  /** @param epochs that are over: the table has not moved in them */
  constructor(
    private readonly session: StepSession,
    private readonly weight: string,
    private readonly table: TableSpec,
    epochs: number,
  ) {
    this.byEpoch = Array.from({ length: epochs }, () => 0)
    this.places = sampledRows(table)
    this.before = this.places.map(({ first, count }) => session.readRows(weight, first, count).slice())
  }

  /** Notes where the rows are at the end of an epoch. */
  measure(): void {
    let moved = 0
    let rows = 0
    this.places.forEach(({ first, count }, i) => {
      const before = this.before[i]
      if (!before) return
      const now = this.session.readRows(this.weight, first, count)
      moved += meanRowMovement(before, now, this.table.width) * count
      rows += count
    })
    this.byEpoch.push(rows > 0 ? moved / rows : 0)
  }
}

/** The stretches of rows that a table is judged by: all of it, or some of it spread evenly. */
export function sampledRows({
  rows,
  width,
}: Pick<TableSpec, 'rows' | 'width'>): { first: number; count: number }[] {
  const most = Math.max(stretches, Math.floor(mostNumbers / width))
  if (rows <= most) return [{ first: 0, count: rows }]
  const count = Math.floor(most / stretches)
  return Array.from({ length: stretches }, (_, i) => ({
    first: Math.floor((i * (rows - count)) / (stretches - 1)),
    count,
  }))
}
