import { type AttachedTable, type Problem, type ProjectDocument } from '../contract'
import { featuresOf } from '../schema'
import { tablesAttachedTo, widthInUse } from './edits'

/** What of the uses of tables contradicts itself, or has no effect. */
export function useProblems(document: ProjectDocument): Problem[] {
  return [
    ...featuresOf(document.schema).flatMap(({ name }) => sumProblems(document, name)),
    ...document.tables.flatMap((table) => tableProblems(document, table)),
  ]
}

function sumProblems(document: ProjectDocument, column: string): Problem[] {
  const tables = tablesAttachedTo(document, column)
  const widths = tables.map((table) => widthInUse(document, table))
  if (document.combinations[column] !== 'sum' || new Set(widths).size < 2) return []
  return [
    {
      severity: 'error',
      place: 'embeddings',
      column,
      code: 'shape-mismatch',
      message: `The tables of ${column} are to be summed, and have different widths: ${tables.map(({ id }, i) => `${id} ${widths[i]}`).join(', ')}.`,
      hint: 'Concatenate them, or project them to one width.',
    },
  ]
}

function tableProblems({ uses, training }: ProjectDocument, table: AttachedTable): Problem[] {
  const use = uses[table.id]
  if (!use) return []
  const warning = (message: string, hint: string): Problem => ({
    severity: 'warning',
    place: 'embeddings',
    column: table.columns[0] ?? null,
    code: 'no-effect',
    message,
    hint,
  })
  const problems: Problem[] = []
  if (use.residual && !table.frozen)
    problems.push(
      warning(
        `${table.id} is trainable, so its residual adds nothing that its own rows could not learn.`,
        'Freeze the table, or turn the residual off.',
      ),
    )
  const { unfreezeAtEpoch } = use
  if (table.frozen && unfreezeAtEpoch !== null && unfreezeAtEpoch > training.epochs)
    problems.push(
      warning(
        `${table.id} is to train from epoch ${unfreezeAtEpoch} on, and training ends after ${training.epochs}.`,
        'Train for more epochs, or unfreeze it earlier.',
      ),
    )
  return problems
}
