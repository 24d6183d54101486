/** Every state that a document had, so that edits can be undone and made again without end. Immutable. */
export interface History<T> {
  readonly past: readonly Step<T>[]
  readonly present: T
  /** What undo took back, the next one to redo last. */
  readonly future: readonly Step<T>[]
}

interface Step<T> {
  /** The state before the edit (in `past`) or after it (in `future`). */
  readonly state: T
  readonly label: string
}

export function startHistory<T>(present: T): History<T> {
  return { past: [], present, future: [] }
}

/** One more edit. What was undone before cannot be made again after it. */
export function record<T>(history: History<T>, label: string, next: T): History<T> {
  return { past: [...history.past, { state: history.present, label }], present: next, future: [] }
}

/** The history one edit earlier; itself where there is none. */
export function undo<T>(history: History<T>): History<T> {
  const step = history.past.at(-1)
  if (!step) return history
  return {
    past: history.past.slice(0, -1),
    present: step.state,
    future: [...history.future, { state: history.present, label: step.label }],
  }
}

/** The history with the edit that was undone last made again; itself where there is none. */
export function redo<T>(history: History<T>): History<T> {
  const step = history.future.at(-1)
  if (!step) return history
  return {
    past: [...history.past, { state: history.present, label: step.label }],
    present: step.state,
    future: history.future.slice(0, -1),
  }
}

export function undoLabel<T>(history: History<T>): string | null {
  return history.past.at(-1)?.label ?? null
}

export function redoLabel<T>(history: History<T>): string | null {
  return history.future.at(-1)?.label ?? null
}
