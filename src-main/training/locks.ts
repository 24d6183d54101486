import type { LockEvent } from '../contract/runs'
import { useOf, type ModelSpec } from '../model'
import type { FromTrainer } from './protocol'
import type { StepSession } from './stepSession'
import type { TableProof } from './tableProof'

/** A wish that a table be locked or unlocked. */
export interface LockRequest {
  readonly table: string
  readonly frozen: boolean
}

export interface LockContext {
  readonly tell: (message: FromTrainer) => void
  /** The wishes since it was last asked, in their order. */
  readonly takeLocks: () => readonly LockRequest[]
}

/** Turns the locks of a run's tables between its steps: those that somebody asked for, and those that an epoch brings. */
export class Locks {
  constructor(
    private readonly spec: ModelSpec,
    private readonly session: StepSession,
    private readonly proof: TableProof,
    private readonly context: LockContext,
  ) {}

  /** Unlocks the tables that are to train from this epoch on. @param step steps done so far */
  async beginEpoch(epoch: number, step: number): Promise<void> {
    for (const table of this.spec.tables)
      if (useOf(table).unfreezeAtEpoch === epoch)
        await this.turn({ table: table.name, frozen: false, epoch, step })
  }

  /** Does what was asked since the last step. */
  async follow(epoch: number, step: number): Promise<void> {
    for (const { table, frozen } of this.context.takeLocks()) await this.turn({ table, frozen, epoch, step })
  }

  private async turn(lock: LockEvent): Promise<void> {
    const { table, frozen, epoch, step } = lock
    const { session, context } = this
    if (session.isFrozen(table) === frozen) return
    if (!session.step.tables.has(table)) {
      context.tell({ type: 'log', line: `${table} stays as it is: the prediction does not depend on it` })
      return
    }
    // Until now it was as at the start, so this is the last moment to keep what it was.
    if (!frozen) await this.proof.unlock(table)
    session.setFrozen(table, frozen)
    context.tell({ type: 'lock', lock })
    const line = `${table} ${frozen ? 'locked' : 'unlocked'} after step ${step}, in epoch ${epoch}`
    context.tell({ type: 'log', line })
  }
}
