import { type Spread, spread } from './statistics'

/** What one turn measured. */
export interface Turn {
  readonly rowsPerSecond: number
  /** Microseconds of processor time a row, all threads; null where it was not measured. */
  readonly cpuMicroseconds: number | null
}

/** One of those who take turns. */
export interface Contestant {
  readonly name: string
  turn(): Promise<Turn>
}

export interface Standing {
  readonly name: string
  readonly rowsPerSecond: Spread
  readonly cpuMicroseconds: Spread | null
  readonly turns: readonly Turn[]
}

/**
 * Lets every contestant have a turn, and again, so that a machine that grows slower or faster does so for all of them.
 * @param said told of every turn, for progress
 */
export async function takeTurns(
  contestants: readonly Contestant[],
  rounds: number,
  said: (name: string, round: number, turn: Turn) => void,
): Promise<Standing[]> {
  const turns = contestants.map((): Turn[] => [])
  for (let round = 1; round <= rounds; round++) {
    for (const [i, contestant] of contestants.entries()) {
      const turn = await contestant.turn()
      turns[i]?.push(turn)
      said(contestant.name, round, turn)
    }
  }
  return contestants.map(({ name }, i) => standing(name, turns[i] ?? []))
}

function standing(name: string, turns: readonly Turn[]): Standing {
  const cpu = turns.flatMap((turn) => (turn.cpuMicroseconds === null ? [] : [turn.cpuMicroseconds]))
  return {
    name,
    rowsPerSecond: spread(turns.map((turn) => turn.rowsPerSecond)),
    cpuMicroseconds: cpu.length > 0 ? spread(cpu) : null,
    turns,
  }
}

/** Ratios of two contestants' turns, round by round: neighbours in time, so that most of the machine's noise cancels. */
export function ratio(of: Standing, to: Standing): Spread {
  return spread(of.turns.map((turn, i) => turn.rowsPerSecond / (to.turns[i]?.rowsPerSecond ?? NaN)))
}
