import type { EventMessage } from '../src-main/contract'

declare global {
  interface Window {
    /** Put there by the preload script; absent in served mode. */
    readonly graft?: {
      invoke(name: string, input: unknown): Promise<unknown>
      on(listener: (message: EventMessage) => void): () => void
      pathOf(file: File): string
    }
  }
}
