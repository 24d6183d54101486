import type { Histogram, TableStatistics } from '../contract/vectors'
import { principalAxes } from './principalAxes'

const bins = 20

/** Rows that the thumbnail shows at most: more would only be drawn over one another. */
export const thumbnailRows = 2000

/** Numbers that the sample for the thumbnail holds at most (4 MB), so that one pass over it takes few milliseconds. */
const thumbnailNumbers = 1_000_000

/** `bins` equal-width bins over [min, max]; the last one is closed. */
export function equalWidthHistogram(values: Float32Array, min: number, max: number): Histogram {
  const counts = new Array<number>(bins).fill(0)
  const scale = max > min ? bins / (max - min) : 0
  for (const value of values) {
    const bin = Math.min(bins - 1, Math.floor((value - min) * scale))
    counts[bin] = (counts[bin] ?? 0) + 1
  }
  const edges = Array.from({ length: bins + 1 }, (_, i) =>
    i === bins ? max : min + ((max - min) * i) / bins,
  )
  return { edges, counts }
}

/**
 * Gathers what a table's card shows from its rows as they stream by, in any blocks, top to bottom. Keeps one number a
 * row and a sample of rows, evenly spaced.
 */
export class StatisticsBuilder {
  private readonly norms: Float32Array // [rows]
  private readonly sampleSize: number
  private readonly sample: Float32Array // [sampleSize, width]
  private seen = 0
  private sampled = 0

  constructor(
    private readonly rows: number,
    private readonly width: number,
  ) {
    this.norms = new Float32Array(rows)
    this.sampleSize = Math.min(rows, thumbnailRows, Math.max(2, Math.floor(thumbnailNumbers / width)))
    this.sample = new Float32Array(this.sampleSize * width)
  }

  /** The row of the table that stands at this place of the sample. */
  private rowOfSample(index: number): number {
    return Math.floor((index * this.rows) / this.sampleSize)
  }

  /** @param block [count, width], the rows that follow those added before */
  add(block: Float32Array): void {
    const { width } = this
    for (let start = 0; start < block.length; start += width, this.seen++) {
      let squares = 0
      for (let i = start; i < start + width; i++) squares += (block[i] ?? 0) ** 2
      this.norms[this.seen] = Math.sqrt(squares)
      if (this.sampled < this.sampleSize && this.rowOfSample(this.sampled) === this.seen) {
        this.sample.set(block.subarray(start, start + width), this.sampled * width)
        this.sampled += 1
      }
    }
  }

  /** To be called once, after the last row: the sample is used up. */
  async finish(): Promise<TableStatistics> {
    if (this.seen !== this.rows) throw new RangeError(`${this.seen} of ${this.rows} rows were added.`)
    let min = Infinity
    let max = 0
    let sum = 0
    for (const norm of this.norms) {
      min = Math.min(min, norm)
      max = Math.max(max, norm)
      sum += norm
    }
    const { x, y } = await principalAxes(this.sample, this.sampleSize, this.width)
    const points: number[] = []
    for (let i = 0; i < this.sampleSize; i++) points.push(drawn(x[i] ?? 0), drawn(y[i] ?? 0))
    return {
      norms: { min, mean: sum / this.rows, max, histogram: equalWidthHistogram(this.norms, min, max) },
      points,
      pointRows: Array.from({ length: this.sampleSize }, (_, i) => this.rowOfSample(i)),
    }
  }
}

/** A coordinate as exact as a thumbnail can show, and no longer. */
function drawn(value: number): number {
  return Number(value.toPrecision(4))
}

/** Statistics of a table in memory. @param table [rows, width] */
export async function tableStatistics(table: Float32Array, width: number): Promise<TableStatistics> {
  const builder = new StatisticsBuilder(table.length / width, width)
  builder.add(table)
  return builder.finish()
}
