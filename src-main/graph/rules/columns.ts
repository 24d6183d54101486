import { concat, slice } from '../builders'
import type { Tensor } from '../graph'
import type { Span } from './rule'

/** Some columns of a matrix, side by side. */
export function pickColumns(x: Tensor, spans: readonly Span[]): Tensor {
  return concat(
    spans.map(([begin, end]) => slice(x, [0, begin], [-1, end - begin])),
    1,
  )
}

/** Some rows of a matrix, one under the other. */
export function pickRows(x: Tensor, spans: readonly Span[]): Tensor {
  return concat(
    spans.map(([begin, end]) => slice(x, [begin, 0], [end - begin, -1])),
    0,
  )
}

/** Neighbouring spans joined: fewer, larger pieces. */
export function joinSpans(spans: readonly Span[]): readonly Span[] {
  const joined: Span[] = []
  for (const [begin, end] of spans) {
    const last = joined[joined.length - 1]
    if (last && last[1] === begin) joined[joined.length - 1] = [last[0], end]
    else joined.push([begin, end])
  }
  return joined
}
