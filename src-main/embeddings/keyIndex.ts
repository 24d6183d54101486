/** Parts of the index. A million keys are then some thousands in each. */
const parts = 256

/**
 * Keys and the number that each stands for. A map of a million entries stops everything for a tenth of a second whenever
 * it grows; this one is many small maps.
 */
export class KeyIndex {
  private readonly maps = Array.from({ length: parts }, () => new Map<string, number>())

  get(key: string): number | undefined {
    return this.partOf(key).get(key)
  }

  /** @returns false where the key is there already, with the number that it keeps */
  add(key: string, value: number): boolean {
    const part = this.partOf(key)
    if (part.has(key)) return false
    part.set(key, value)
    return true
  }

  /** Keys differ most at their ends. */
  private partOf(key: string): Map<string, number> {
    let hash = key.length
    for (let at = Math.max(0, key.length - 4); at < key.length; at++) hash = hash * 31 + key.charCodeAt(at)
    const part = this.maps[hash % parts]
    if (!part) throw new RangeError(`There is no part for '${key}'.`)
    return part
  }
}
