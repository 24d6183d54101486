import { computed, ref, shallowRef, type ComputedRef, type ShallowRef } from 'vue'
import { toGraftError, type DocumentCommand, type GraftError } from '../../src-main/contract'
import { useProject } from '../stores/project'

export interface Edits {
  /** Makes an edit after those that are under way; none is lost, however fast they come. */
  make(command: DocumentCommand): void
  readonly pending: ComputedRef<boolean>
  /** Why the last one was refused. */
  readonly error: ShallowRef<GraftError | null>
  clear(): void
}

/** Edits of the document, one after the other. */
export function useEdits(): Edits {
  const project = useProject()
  const error = shallowRef<GraftError | null>(null)
  const waiting = ref(0)
  let turn: Promise<void> = Promise.resolve()

  function make(command: DocumentCommand): void {
    waiting.value += 1
    turn = turn.then(async () => {
      try {
        await project.execute(command)
        error.value = null
      } catch (thrown) {
        error.value = toGraftError(thrown)
      } finally {
        waiting.value -= 1
      }
    })
  }

  return { make, pending: computed(() => waiting.value > 0), error, clear: () => (error.value = null) }
}
