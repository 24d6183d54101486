/**
 * A seeded generator of our own, so that a seed means the same rows on every platform and in every version:
 * xoshiro128** (Blackman and Vigna, 2018), its state filled by SplitMix32 from the seed and a name of the stream.
 */
export class Random {
  private a: number
  private b: number
  private c: number
  private d: number
  private spare: number | null = null

  /**
   * @param seed any integer; its low 32 bits and the next 21 count
   * @param stream draws of two streams of one seed are independent, so adding a column does not change the others
   */
  constructor(seed: number, stream = '') {
    let state = (seed ^ Math.floor(seed / 2 ** 32)) | 0
    // FNV-1a over the name of the stream.
    let hash = 0x811c9dc5
    for (let i = 0; i < stream.length; i++) hash = Math.imul(hash ^ stream.charCodeAt(i), 0x01000193)
    state ^= Math.imul(hash, 0x9e3779b1)
    const next = (): number => {
      state = (state + 0x9e3779b9) | 0
      let z = state
      z = Math.imul(z ^ (z >>> 16), 0x21f0aaad)
      z = Math.imul(z ^ (z >>> 15), 0x735a2d97)
      return z ^ (z >>> 15)
    }
    this.a = next()
    this.b = next()
    this.c = next()
    // The all-zero state is the one that xoshiro cannot leave.
    this.d = next() | 1
  }

  /** A uniform integer of 32 bits. */
  uint32(): number {
    const product = Math.imul(this.b, 5)
    const result = Math.imul((product << 7) | (product >>> 25), 9) >>> 0
    const shifted = this.b << 9
    this.c ^= this.a
    this.d ^= this.b
    this.b ^= this.c
    this.a ^= this.d
    this.c ^= shifted
    this.d = (this.d << 11) | (this.d >>> 21)
    return result
  }

  /** Uniform on [0, 1) with 53 bits. */
  uniform(): number {
    const high = this.uint32() >>> 5
    const low = this.uint32() >>> 6
    return (high * 2 ** 26 + low) / 2 ** 53
  }

  /** Uniform on [0, 1) with 24 bits: stays below 1 as a float32. */
  uniform32(): number {
    return (this.uint32() >>> 8) / 2 ** 24
  }

  /** A uniform integer on [0, n), without bias (rejection); n at most 2^32. */
  below(n: number): number {
    const limit = 2 ** 32 - (2 ** 32 % n)
    let draw = this.uint32()
    while (draw >= limit) draw = this.uint32()
    return draw % n
  }

  /**
   * A uniform integer on [0, n), without bias, and several times as quick as `below`: the high half of draw · n, drawn
   * again where the low half is one of the few too many (Lemire 2019). For n up to 2^21 the product is exact in a double;
   * beyond it is `below`.
   */
  index(n: number): number {
    if (n > 2 ** 21) return this.below(n)
    for (;;) {
      const product = this.uint32() * n
      const high = Math.floor(product / 2 ** 32)
      const low = product - high * 2 ** 32
      // What is drawn again lies below n, so the remainder is hardly ever worth computing.
      if (low >= n || low >= 2 ** 32 % n) return high
    }
  }

  /** Standard normal, by Box and Muller. */
  normal(): number {
    if (this.spare !== null) {
      const { spare } = this
      this.spare = null
      return spare
    }
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()))
    const angle = 2 * Math.PI * this.uniform()
    this.spare = radius * Math.sin(angle)
    return radius * Math.cos(angle)
  }
}
