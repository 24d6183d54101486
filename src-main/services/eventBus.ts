import { type EventData, type EventMessage, type EventName } from '../contract'

/** Facts on their way to every window: numbered in order, so that a snapshot says which of them it holds already. */
export class EventBus {
  private readonly listeners = new Set<(message: EventMessage) => void>()
  private last = 0

  /** The number of the newest event. */
  get sequence(): number {
    return this.last
  }

  /** Whether anybody hears what is told. */
  get isHeard(): boolean {
    return this.listeners.size > 0
  }

  emit<N extends EventName>(name: N, data: EventData<N>): void {
    this.last += 1
    // TypeScript does not see that a name and its own data make one member of the union.
    const message = { sequence: this.last, name, data } as EventMessage
    for (const listener of this.listeners) listener(message)
  }

  /** Calls back with every event from now on; returns the function that ends it. */
  subscribe(listener: (message: EventMessage) => void): () => void {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }
}
