import fc from 'fast-check'
import { test as vitest } from 'vitest'

export { fc }

/** A property that must hold for every drawn value. */
export function test<T>(name: string, arbitrary: fc.Arbitrary<T>, holds: (value: T) => void): void {
  vitest(name, () => fc.assert(fc.property(arbitrary, holds)))
}
