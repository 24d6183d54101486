/** The middle of repeated measurements and how far they lie apart. */
export interface Spread {
  readonly min: number
  readonly median: number
  readonly max: number
  /** Measurements that it is made of. */
  readonly turns: number
}

/**
 * @param share 0 to 1; values between two measurements are interpolated (type 7, as NumPy's default)
 * @throws RangeError where there is nothing to rank
 */
export function quantile(values: readonly number[], share: number): number {
  if (values.length === 0) throw new RangeError('no measurement to rank')
  const sorted = [...values].sort((a, b) => a - b)
  const place = (sorted.length - 1) * share
  const low = sorted[Math.floor(place)] ?? NaN
  const high = sorted[Math.ceil(place)] ?? NaN
  return low + (high - low) * (place - Math.floor(place))
}

export function spread(values: readonly number[]): Spread {
  return {
    min: quantile(values, 0),
    median: quantile(values, 0.5),
    max: quantile(values, 1),
    turns: values.length,
  }
}
