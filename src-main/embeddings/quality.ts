import type { VectorQuality } from '../contract/vectors'
import type { AlignedTable } from './align'
import { equalWidthHistogram } from './statistics'
import { breathe } from './breathe'

/** Rows as alike as this are near duplicates: 2.6 degrees apart or less. */
export const nearDuplicateCosine = 0.999

/** Numbers of the sample that norms and angles are measured on: 16 MB. */
const sampleNumbers = 4_000_000

/** Products that comparing all pairs of rows may take: some tenths of a second. */
const pairProducts = 200_000_000

/** Products between which timers and requests run: some milliseconds. */
const productsAtOnce = 1_000_000

/**
 * Measures what is remarkable in vectors as they stream by: how long they are, whether they all point one way, which
 * dimensions say nothing and which rows are as good as equal. Dimensions are looked at in all rows, the rest in a sample
 * that is spread evenly and whose size is told.
 */
export class QualityBuilder {
  private readonly stride: number
  private readonly sample: Float32Array // [rows of the sample, width]
  private readonly sampledRows: number[] = []
  /** The first row, and the dimensions in which no other differs from it. */
  private first: Float32Array | null = null
  private constant: number[] = []
  private vectors = 0

  /** @param rows how many rows have vectors at most */
  constructor(
    rows: number,
    private readonly width: number,
  ) {
    const size = Math.max(1, Math.min(rows, Math.floor(sampleNumbers / width)))
    this.stride = Math.max(1, Math.ceil(rows / size))
    this.sample = new Float32Array(Math.ceil(rows / this.stride) * width)
  }

  /** @param row its place in the table, by which an example is named */
  add(vector: Float32Array, row: number): void {
    if (this.first === null) {
      this.first = vector.slice()
      this.constant = Array.from(vector.keys())
    } else if (this.constant.length > 0) {
      const { first } = this
      if (this.constant.some((c) => vector[c] !== first[c]))
        this.constant = this.constant.filter((c) => vector[c] === first[c])
    }
    const place = this.sampledRows.length * this.width
    if (this.vectors % this.stride === 0 && place < this.sample.length) {
      this.sample.set(vector, place)
      this.sampledRows.push(row)
    }
    this.vectors += 1
  }

  /** To be called once, after the last row: the sample is used up. @param nameOf the id of a row of the table */
  async finish(nameOf: (row: number) => string): Promise<VectorQuality> {
    const { width, sample, sampledRows } = this
    const count = sampledRows.length
    const norms = new Float32Array(count)
    const direction = new Float64Array(width)
    let directed = 0
    for (let i = 0, at = 0; i < count; i++) {
      if (i % 500 === 0) await breathe()
      let squares = 0
      for (let c = 0; c < width; c++) squares += (sample[at + c] ?? 0) ** 2
      const norm = Math.sqrt(squares)
      norms[i] = norm
      if (norm > 0) directed += 1
      // Unit vectors from here on; a zero vector has no direction and is like no other.
      for (let c = 0; c < width; c++, at++) {
        const unit = norm > 0 ? (sample[at] ?? 0) / norm : 0
        sample[at] = unit
        direction[c] = (direction[c] ?? 0) + unit
      }
    }
    return {
      vectors: this.vectors,
      sampled: count,
      norms: summarize(norms),
      zeroVectors: count - directed,
      meanCosine: meanCosine(direction, directed),
      constantDimensions: this.vectors > 1 ? this.constant.length : 0,
      nearDuplicates: await this.findNearDuplicates(nameOf),
    }
  }

  /** Compares all pairs of the sample, or of as many of its rows as that is soon done for. */
  private async findNearDuplicates(
    nameOf: (row: number) => string,
  ): Promise<VectorQuality['nearDuplicates']> {
    const { width, sample, sampledRows } = this
    const most = Math.max(2, Math.floor(Math.sqrt((2 * pairProducts) / width)))
    const step = Math.max(1, Math.ceil(sampledRows.length / most))
    const places: number[] = []
    for (let i = 0; i < sampledRows.length; i += step) places.push(i)
    const alike = new Uint8Array(places.length)
    let example: VectorQuality['nearDuplicates']['example'] = null
    let products = 0
    for (let i = 0; i < places.length; i++) {
      const a = (places[i] ?? 0) * width
      for (let j = i + 1; j < places.length; j++) {
        const b = (places[j] ?? 0) * width
        let dot = 0
        for (let c = 0; c < width; c++) dot += (sample[a + c] ?? 0) * (sample[b + c] ?? 0)
        if (dot < nearDuplicateCosine) continue
        alike[i] = alike[j] = 1
        const [one = 0, other = 0] = [sampledRows[places[i] ?? 0], sampledRows[places[j] ?? 0]]
        if (!example || dot > example.cosine)
          example = { a: nameOf(one), b: nameOf(other), cosine: Math.min(1, dot) }
      }
      products += (places.length - i) * width
      if (products < productsAtOnce) continue
      products = 0
      await breathe()
    }
    return { rows: alike.reduce((sum, one) => sum + one, 0), compared: places.length, example }
  }
}

/** The vectors of a table in memory, without what stands in for missing ones. The unknown row takes no part. */
export async function measureQuality(
  { rows, width, values, present }: AlignedTable,
  nameOf: (row: number) => string,
): Promise<VectorQuality> {
  let vectors = 0
  for (let row = 1; row < rows; row++) vectors += present[row] ?? 0
  const builder = new QualityBuilder(vectors, width)
  for (let row = 1; row < rows; row++) {
    if (row % 2000 === 0) await breathe()
    if (present[row] === 1) builder.add(values.subarray(row * width, (row + 1) * width), row)
  }
  return builder.finish(nameOf)
}

function summarize(norms: Float32Array): VectorQuality['norms'] {
  let [min, max, sum] = [Infinity, 0, 0]
  for (const norm of norms) {
    min = Math.min(min, norm)
    max = Math.max(max, norm)
    sum += norm
  }
  if (norms.length === 0) min = 0
  return {
    min,
    mean: sum / Math.max(1, norms.length),
    max,
    histogram: equalWidthHistogram(norms, min, max),
  }
}

/** Over all pairs of n unit vectors: (|Σ u|² − n) / (n (n − 1)), for |Σ u|² is the sum of all their products. */
function meanCosine(sum: Float64Array, n: number): number | null {
  if (n < 2) return null
  const squares = sum.reduce((total, value) => total + value * value, 0)
  return (squares - n) / (n * (n - 1))
}
