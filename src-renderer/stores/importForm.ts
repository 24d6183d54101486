import { type Part, type TablesPreview } from '../../src-main/contract'

/** What a file of an import is for: rows that are split, rows of one part, or columns for each row by a key. */
export type FileUse = 'rows' | Part | 'join'

export interface BroughtFile {
  path: string
  name: string
  bytes: number
}

export interface ImportFile extends BroughtFile {
  use: FileUse
  /** Of a join: column of the rows and of the file; null leaves them to the names. */
  on: string | null
  key: string | null
}

/** The name without endings, digits and marks: the same for the pieces of one table. */
function stem(name: string): string {
  return name
    .toLowerCase()
    .replace(/\..*$/, '')
    .replace(/[\d_\-\s]+/g, '')
}

function partOf(name: string): Part | null {
  const plain = stem(name)
  if (/train/.test(plain)) return 'train'
  if (/valid|^val|val$|^dev|dev$/.test(plain)) return 'validation'
  return /test/.test(plain) ? 'test' : null
}

/**
 * Gives files that came together their uses: train, validation and test by their names; pieces of one table as rows;
 * else the largest as rows and the others joined to them. What is there already stays as it is.
 */
export function arrange(brought: readonly BroughtFile[], before: readonly ImportFile[]): ImportFile[] {
  const known = new Set(before.map(({ path }) => path))
  const fresh = brought.filter(({ path }) => !known.has(path))
  const entry = (file: BroughtFile, use: FileUse): ImportFile => ({ ...file, use, on: null, key: null })
  const parts = fresh.map(({ name }) => partOf(name))
  const areParts = before.length === 0 && fresh.length > 1 && parts.includes('train')
  if (areParts && parts.every((part, index) => part !== null && parts.indexOf(part) === index))
    return fresh.map((file, index) => entry(file, parts[index] ?? 'train'))
  const main =
    before.find(({ use }) => use !== 'join') ?? [...fresh].sort((a, b) => b.bytes - a.bytes)[0] ?? null
  const added = fresh.map((file) =>
    entry(file, main && stem(file.name) === stem(main.name) ? 'rows' : 'join'),
  )
  return [...before, ...added]
}

export type SplitKind = 'all' | 'random' | 'time' | 'group' | 'leave-last-out' | 'column'

export interface SplitChoice {
  kind: SplitKind
  /** Of time, group (also the user of leave-last-out) and column. */
  column: string | null
  /** Of leave-last-out: what orders a user's rows; null takes them as they stand. */
  time: string | null
  /** Percent of the rows; what is left trains. */
  validation: number
  test: number
}

const hasShares = (kind: SplitKind): boolean => kind === 'random' || kind === 'time' || kind === 'group'
export const splitNeeds = {
  shares: hasShares,
  column: (kind: SplitKind): boolean => kind !== 'all' && kind !== 'random',
}

/** Why a choice is no split yet; null where it is one. */
export function splitProblem({ kind, column, validation, test }: SplitChoice): string | null {
  if (splitNeeds.column(kind) && column === null) return 'Choose the column to split by.'
  if (kind === 'leave-last-out' && column?.includes(':'))
    return 'A user column whose name holds a colon cannot be told apart here: rename it.'
  if (!hasShares(kind)) return null
  const fits = validation >= 0 && test >= 0 && validation + test < 100
  return fits ? null : 'Validation and test together must leave rows to train on: less than 100 %.'
}

/** The split as main reads it; null for none. Only for a choice without {@link splitProblem}. */
export function splitSpec({ kind, column, time, validation, test }: SplitChoice): string | null {
  const fraction = (percent: number): number => Number((percent / 100).toFixed(6))
  const shares = [100 - validation - test, validation, test].map(fraction).join(',')
  if (kind === 'all') return null
  if (kind === 'random') return `random:${shares}`
  if (kind === 'time' || kind === 'group') return `${kind}:${column ?? ''}:${shares}`
  if (kind === 'column') return `column:${column ?? ''}`
  return `leave-last-out:${column ?? ''}${time === null ? '' : `:${time}`}`
}

type Column = TablesPreview['columns'][number]

export function timeColumns(columns: readonly Column[]): string[] {
  return columns
    .filter(({ type, tags }) => type === 'TIMESTAMP' || tags.includes('time'))
    .map(({ name }) => name)
}

const userColumn = (columns: readonly Column[]): string | null =>
  columns.find(({ tags }) => tags.includes('user_id'))?.name ?? null

/** Later rows test where there is a time, since the model will be asked about the future; else at random. */
export function usualSplit(columns: readonly Column[]): SplitChoice {
  const [time = null] = timeColumns(columns)
  return { kind: time === null ? 'random' : 'time', column: time, time, validation: 10, test: 10 }
}

/** The same choice with another kind, and with the column that usually goes with it. */
export function withKind(choice: SplitChoice, kind: SplitKind, columns: readonly Column[]): SplitChoice {
  const [time = null] = timeColumns(columns)
  const said = columns.find(({ name }) => /^(split|part|fold|set|subset)$/i.test(name))?.name ?? null
  const column =
    kind === 'time'
      ? time
      : kind === 'group' || kind === 'leave-last-out'
        ? userColumn(columns)
        : kind === 'column'
          ? said
          : null
  return { ...choice, kind, column, time }
}

/** `COLUMN`, or `COLUMN>NUMBER`; null leaves the target to the rules. */
export function targetSpec(column: string | null, above: number | null): string | null {
  if (column === null) return null
  return above === null ? column : `${column}>${above}`
}

/** Whether a threshold makes a target of this column: numbers of more than 0 and 1. */
export function takesThreshold(column: Column | undefined): boolean {
  if (!column || column.isList || (column.type !== 'BIGINT' && column.type !== 'DOUBLE')) return false
  return !(column.min === 0 && column.max === 1)
}

/** What a new project is called after: the first file's name without its endings, as letters, digits and dashes. */
export function projectName(file: string): string {
  const plain = file
    .replace(/\..*$/, '')
    .replace(/[^\p{L}\p{N}_-]+/gu, '-')
    .replace(/^[-_]+|-+$/g, '')
  return plain.slice(0, 60) || 'table'
}
