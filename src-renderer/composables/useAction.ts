import { ref, shallowRef, type Ref, type ShallowRef } from 'vue'
import { toGraftError, type GraftError } from '../../src-main/contract'

export interface Action<A extends unknown[]> {
  /** Whether it is under way; a second call meanwhile does nothing. */
  readonly pending: Ref<boolean>
  readonly error: ShallowRef<GraftError | null>
  /** Resolves to whether it went well; never rejects. */
  run(...args: A): Promise<boolean>
  clear(): void
}

/** Wraps an asynchronous deed of the person, so that what shows it can show that it runs and how it failed. */
export function useAction<A extends unknown[]>(work: (...args: A) => Promise<unknown>): Action<A> {
  const pending = ref(false)
  const error = shallowRef<GraftError | null>(null)

  async function run(...args: A): Promise<boolean> {
    if (pending.value) return false
    pending.value = true
    error.value = null
    try {
      await work(...args)
      return true
    } catch (thrown) {
      const failure = toGraftError(thrown)
      // Who cancels knows that it was cancelled.
      if (failure.code !== 'cancelled') error.value = failure
      return false
    } finally {
      pending.value = false
    }
  }

  return { pending, error, run, clear: () => (error.value = null) }
}
