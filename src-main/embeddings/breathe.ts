/** Lets timers, messages and requests run between two pieces of work. */
export const breathe = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** A long piece of work in ranges [start, end), between which timers, messages and requests run. */
export async function* pieces(
  count: number,
  atOnce: number,
): AsyncGenerator<readonly [start: number, end: number]> {
  const step = Math.max(1, Math.floor(atOnce))
  for (let start = 0; start < count; start += step) {
    yield [start, Math.min(count, start + step)]
    await breathe()
  }
}
