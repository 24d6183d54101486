/**
 * Work on many points in slices: a generator yields now and then, and goes on after others had a turn, so that the window
 * never waits longer than a slice.
 */

/** Points between two looks at the clock. */
export const pointsPerLook = 4096
/** How long a slice may take. */
export const sliceMilliseconds = 8

/**
 * Runs to the end; null where it was no longer wanted.
 * @param onSlice called after a slice that was not the last
 */
export async function inSlices<T>(
  work: Generator<void, T>,
  wanted: () => boolean,
  onSlice: () => void = () => undefined,
  now: () => number = () => performance.now(),
): Promise<T | null> {
  for (;;) {
    const until = now() + sliceMilliseconds
    do {
      const step = work.next()
      if (step.done) return step.value
    } while (now() < until)
    onSlice()
    await new Promise((resolve) => setTimeout(resolve))
    if (!wanted()) return null
  }
}
