import { type RunSummary, type TableVersion, type TableView } from '../../../../src-main/contract'

/** A version of a table that can be looked at. */
export interface VersionChoice {
  readonly key: string
  readonly label: string
  readonly version: TableVersion
  /** SHA-256 of its rows. */
  readonly hash: string
}

/**
 * All versions of a table whose rows differ: as attached, and as runs found and left it. Newest runs first; a run that left
 * the rows as they were adds nothing.
 */
export function versionsOf(table: TableView, runs: readonly RunSummary[]): VersionChoice[] {
  const choices: VersionChoice[] = []
  const seen = new Set<string>()
  const add = (label: string, run: string | null, moment: TableVersion['moment'], hash: string): void => {
    if (seen.has(hash)) return
    seen.add(hash)
    choices.push({
      key: `${run ?? ''} ${moment}`,
      label,
      version: { table: table.id, run, moment },
      hash,
    })
  }
  if (table.attached) add('As attached', null, 'after', table.attached.hash)
  for (const run of runs) {
    if (run.status !== 'completed' && run.status !== 'stopped') continue
    const result = run.tables.find((candidate) => candidate.table === table.id)
    if (!result) continue
    add(`After run ${run.id}`, run.id, 'after', result.hashAfter)
    add(`Before run ${run.id}`, run.id, 'before', result.hashBefore)
  }
  return choices
}

export interface Pair {
  readonly before: VersionChoice
  readonly after: VersionChoice
}

/** The versions before and after the training that a version belongs to, or null where training moved nothing. */
export function pairOf(
  choice: VersionChoice,
  choices: readonly VersionChoice[],
  table: string,
  runs: readonly RunSummary[],
): Pair | null {
  const byHash = (hash: string): VersionChoice | undefined => choices.find((other) => other.hash === hash)
  for (const run of runs) {
    const result = run.tables.find((candidate) => candidate.table === table)
    if (!result?.changed) continue
    const [before, after] = [byHash(result.hashBefore), byHash(result.hashAfter)]
    if (!before || !after) continue
    const own = choice.version.run === null ? choice.hash === before.hash : choice.version.run === run.id
    if (own || choice.hash === before.hash || choice.hash === after.hash) return { before, after }
  }
  return null
}
