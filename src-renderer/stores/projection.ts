import { type EventMessage, type SessionSnapshot } from '../../src-main/contract'

/** A store that mirrors a part of what main knows: set by a snapshot, kept in step by events, no truth of its own. */
export interface Projection {
  reset(snapshot: SessionSnapshot): void
  receive(message: EventMessage): void
}

/**
 * Keeps projections in step with main. Events that overtake the snapshot are held back and applied after it, those
 * that it already contains are dropped, and a line that comes back begins with a new snapshot.
 */
export function createFollower(projections: readonly Projection[]): {
  begin(): void
  snapshot(snapshot: SessionSnapshot): void
  event(message: EventMessage): void
} {
  let sequence: number | null = null
  let early: EventMessage[] = []

  const apply = (message: EventMessage): void => {
    if (sequence === null) {
      early.push(message)
      return
    }
    if (message.sequence <= sequence) return
    sequence = message.sequence
    for (const projection of projections) projection.receive(message)
  }

  return {
    begin: () => {
      sequence = null
      early = []
    },
    snapshot: (snapshot) => {
      sequence = snapshot.sequence
      for (const projection of projections) projection.reset(snapshot)
      const held = early
      early = []
      for (const message of held) apply(message)
    },
    event: apply,
  }
}
