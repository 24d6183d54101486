/**
 * Uniform numbers on [0, 1) with 24 bits, from mulberry32 (Tommy Ettinger, public domain): a 32-bit state is enough for
 * mock vectors, whose only duty is to be the same everywhere for the same seed.
 */
export function uniformGenerator(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    // 24 bits fit a float32 exactly, so no value is rounded up to 1.
    return ((mixed ^ (mixed >>> 14)) >>> 8) / 16_777_216
  }
}

/**
 * Stand-in vectors for a sample that has none of its own: uniform on [0, 1), as the example "Training with pretrained
 * embeddings" of Merlin Models draws its mock table.
 * @returns [rows, width]
 */
export function mockTable(rows: number, width: number, seed: number): Float32Array {
  const next = uniformGenerator(seed)
  const table = new Float32Array(rows * width)
  for (let i = 0; i < table.length; i++) table[i] = next()
  return table
}

/** Standard normal numbers from uniform ones (Box and Muller, 1958). */
export function normalGenerator(seed: number): () => number {
  const uniform = uniformGenerator(seed)
  let spare: number | null = null
  return () => {
    if (spare !== null) {
      const value = spare
      spare = null
      return value
    }
    const radius = Math.sqrt(-2 * Math.log(1 - uniform()))
    const angle = 2 * Math.PI * uniform()
    spare = radius * Math.sin(angle)
    return radius * Math.cos(angle)
  }
}
