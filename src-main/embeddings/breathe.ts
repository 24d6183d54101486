/** Lets timers, messages and requests run between two pieces of work. */
export const breathe = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
