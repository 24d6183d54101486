import {
  alignmentSettings,
  type AlignmentReport,
  type AlignmentSettings,
  type GraftError,
  type KeyRule,
  nearMiss,
  type NearMiss,
  type ProjectDocument,
  type TableView,
  type VectorFile,
} from '../../src-main/contract'
import { type Attachment } from './embeddings'

/** How rows meet ids: by the keys in the file, by a file of keys beside it, or by their order. */
export type Meeting = 'keys' | 'sidecar' | 'position'

/** A file of keys that lies beside vectors. */
export interface Sidecar {
  readonly path: string
  readonly name: string
}

/** Vectors that were dropped or chosen, and the file of their keys that came with them. */
export interface VectorsGiven {
  readonly file: VectorFile
  readonly sidecar: Sidecar | null
}

/** One dropped file on its way to a column, as the person has set it up. */
export interface AttachDraft {
  readonly file: VectorFile
  /** Name of the array, in a file that holds several. */
  readonly array: string
  readonly column: string | null
  readonly meeting: Meeting
  /** The key field that was chosen; null leaves it to Graft. */
  readonly key: string | null
  readonly sidecar: Sidecar | null
  readonly frozen: boolean
  /** Null follows `frozen`. */
  readonly extraRows: boolean | null
  readonly add: boolean
  readonly alignment: AlignmentSettings
}

type ArrayView = VectorFile['arrays'][number]

export const arrayOf = ({ file, array }: Pick<AttachDraft, 'file' | 'array'>): ArrayView | null =>
  file.arrays.find(({ name }) => name === array) ?? null

/**
 * What Graft proposes to do with a dropped file.
 * @param wished the column that the person has in mind
 * @param chosen the array that they chose, where the file holds several
 */
export function draftOf(
  { file, sidecar }: VectorsGiven,
  wished: string | null,
  chosen: string | null = null,
): AttachDraft {
  const usable =
    file.arrays.find(({ name }) => name === chosen) ??
    file.arrays.find(({ fits }) => fits.length > 0) ??
    file.arrays[0]
  const fit = usable?.fits.find(({ column }) => column === wished) ?? usable?.fits[0]
  return {
    file,
    array: usable?.name ?? '',
    column: fit?.column ?? (usable?.keyed === true || sidecar ? wished : null),
    meeting: sidecar ? 'sidecar' : usable?.keyed === true ? 'keys' : 'position',
    key: null,
    sidecar,
    frozen: true,
    extraRows: null,
    add: false,
    alignment: alignmentSettings.parse({}),
  }
}

/** What main is asked to attach, or to look at first; null while something is not chosen. */
export function attachmentOf(draft: AttachDraft): Attachment | null {
  const { file, array, column, meeting, key, sidecar, frozen, extraRows, add, alignment } = draft
  const found = arrayOf(draft)
  if (column === null || !found || found.refusal !== null) return null
  if (meeting === 'sidecar' && !sidecar) return null
  return {
    column,
    path: file.path,
    array: array === '' ? null : array,
    frozen,
    byPosition: meeting === 'position',
    key: meeting === 'keys' ? key : null,
    ids: meeting === 'sidecar' ? (sidecar?.path ?? null) : null,
    alignment,
    add,
    extraRows,
  }
}

/** The drafts as they are attached one after another: of those on one column, each after the first goes beside it. */
export function inTurn(drafts: readonly AttachDraft[]): AttachDraft[] {
  const taken = new Set<string>()
  return drafts.map((draft) => {
    const again = draft.column !== null && taken.has(draft.column)
    if (draft.column !== null) taken.add(draft.column)
    return again ? { ...draft, add: true } : draft
  })
}

/** Columns that will have several tables afterwards. */
export function columnsWithSeveral(drafts: readonly AttachDraft[], tables: readonly TableView[]): string[] {
  const columns = new Set(drafts.flatMap(({ column }) => column ?? []))
  return [...columns].filter((column) => {
    const own = inTurn(drafts).filter((draft) => draft.column === column)
    return own.length > 1 || (own.some(({ add }) => add) && attachedTo(tables, column).length > 0)
  })
}

export const attachedTo = (tables: readonly TableView[], column: string | null): TableView[] =>
  tables.filter((table) => table.attached !== null && column !== null && table.columns.includes(column))

/** The width at which a table enters the model: its projection's, or its own. */
export const widthInUse = ({ id, width }: TableView, document: ProjectDocument | null): number =>
  document?.uses[id]?.projection?.width ?? width

/** Rules that would let more keys match: those of the report, or of the refusal where none matched at all. */
export function nearMissesOf(report: AlignmentReport | null, refused: GraftError | null): NearMiss[] {
  if (refused) {
    const found = nearMiss.array().safeParse(refused.details.nearMisses)
    return found.success ? found.data : []
  }
  return report?.nearMisses ?? []
}

export const ruleWords: Readonly<Record<KeyRule, string>> = {
  trim: 'Forgive white space',
  case: 'Forgive case',
  number: 'Read as numbers',
  prefix: 'Leave out prefixes',
}

/** Vectors so wide, with keys that hardly repeat and are a column's ids, are no table of rows. */
const fewestDimensions = 8

/** Whether a file that may be a table or vectors holds vectors: one key a row, many numbers, keys that a column knows. */
export function holdsVectors(file: VectorFile): boolean {
  return file.arrays.some(({ keyed, shape, fits, keys, refusal }) => {
    const distinct = keys ? keys.distinct / Math.max(1, keys.read) : 0
    return (
      refusal === null && keyed && fits.length > 0 && (shape[1] ?? 0) >= fewestDimensions && distinct > 0.9
    )
  })
}
