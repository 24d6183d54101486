/**
 * Which rows of a long table are in sight. Browsers cap an element's height (Chromium near 33 million pixels), so
 * past `tallest` pixels the scroll bar stands for the rows proportionally.
 */
export interface RowView {
  /** First row drawn and one past the last. */
  from: number
  to: number
  /** Height of the scrolled area, in pixels. */
  height: number
  /** Where the first drawn row stands in it, in pixels. */
  top: number
}

export function rowView(
  scrollTop: number,
  viewport: number,
  rows: number,
  rowHeight: number,
  overscan = 8,
  tallest = 16_000_000,
): RowView {
  const full = rows * rowHeight
  const height = Math.min(full, tallest)
  const reach = Math.max(height - viewport, 0)
  const fullReach = Math.max(full - viewport, 0)
  const scroll = Math.min(Math.max(scrollTop, 0), reach)
  // The pixel offset in the uncapped table that this scroll position stands for.
  const offset = reach === 0 ? 0 : (scroll / reach) * fullReach
  const first = Math.floor(offset / rowHeight)
  const from = Math.max(0, first - overscan)
  const to = Math.min(rows, first + Math.ceil(viewport / rowHeight) + 1 + overscan)
  return { from, to, height, top: scroll - (offset - from * rowHeight) }
}

/**
 * The row that each place draws, where `places` rows from `from` on (or the last ones) are drawn: row r stands in place
 * r mod places, so that a row in sight keeps its place however far the table is scrolled.
 */
export function rowsInPlaces(from: number, places: number, rows: number): number[] {
  const drawn = Math.min(places, rows)
  const start = Math.max(0, Math.min(from, rows - drawn))
  return Array.from({ length: drawn }, (_, place) => start + ((((place - start) % drawn) + drawn) % drawn))
}

/** The pages (index = offset / size) that hold the rows from `from` up to `to`. */
export function pagesOf(from: number, to: number, size: number): number[] {
  if (to <= from) return []
  const pages: number[] = []
  for (let page = Math.floor(from / size); page <= Math.floor((to - 1) / size); page += 1) pages.push(page)
  return pages
}
