/**
 * A set-up step that failed for a reason a person can act on. `code` is one of the application's closed list of error
 * codes and `hint` says what to do, so that the application shows it like any of its own errors.
 */
export class SetupError extends Error {
  /** @override */
  name = 'SetupError'

  /**
   * @param {'engine-missing' | 'engine-failed' | 'cancelled' | 'not-found' | 'disk-full' | 'read-only' | 'internal'} code
   * @param {string} message what failed, and why
   * @param {string} hint what to do about it
   */
  constructor(code, message, hint) {
    super(message)
    this.code = code
    this.hint = hint
  }
}

/**
 * @param {unknown} thrown
 * @returns {string}
 */
export function reasonOf(thrown) {
  return thrown instanceof Error ? thrown.message : String(thrown)
}

/**
 * Throws `cancelled` if the signal has fired (AbortSignal.throwIfAborted is missing from Electron 22's Node).
 *
 * @param {AbortSignal | undefined} signal
 */
export function throwIfCancelled(signal) {
  if (signal?.aborted)
    throw new SetupError('cancelled', 'The set-up was cancelled.', 'Start it again when you like.')
}
