import {
  type DatasetSummary,
  type ModelSummary,
  type Problem,
  type ProjectDocument,
  toGraftError,
} from '../contract'
import {
  type Column,
  featuresOf,
  inputKind,
  tableName,
  tableRows,
  targetsOf,
  taskOf,
  validateSchema,
} from '../schema'
import { staleEncodings } from './columnEncoding'
import type { Summarize } from './snapshot'
import { useProblems } from './useProblems'

interface Findings {
  readonly problems: Problem[]
  /** The model that the document makes; null where a problem says why it makes none. */
  readonly model: ModelSummary | null
}

/** What keeps the project from being trained, or may surprise, each with the place of the window where it is mended. */
export function findProblems(
  document: ProjectDocument,
  dataset: DatasetSummary | null,
  summarize: Summarize,
): Findings {
  const stale = staleEncodings(document, dataset?.made ?? null)
  const behind = new Set(stale.map(({ column }) => column))
  const problems = [
    // Encoding gives a column its domain.
    ...schemaProblems(document).filter(({ code, column }) => code !== 'no-domain' || !behind.has(column)),
    ...stale,
    ...dataProblems(document, dataset, behind),
    ...leakProblems(document, dataset),
    ...tableProblems(document),
    ...useProblems(document),
    ...targetProblems(document),
  ]
  if (problems.some(({ severity, place }) => severity === 'error' && place !== 'data'))
    return { problems, model: null }
  try {
    return { problems, model: summarize(document) }
  } catch (thrown) {
    const { code, message, hint } = toGraftError(thrown)
    return {
      problems: [...problems, { severity: 'error', place: 'model', column: null, code, message, hint }],
      model: null,
    }
  }
}

function schemaProblems(document: ProjectDocument): Problem[] {
  return validateSchema(document.schema)
    .filter(({ code }) => code !== 'several-targets' || document.target === null)
    .map((found): Problem =>
      found.code === 'several-targets'
        ? { ...found, severity: 'error', place: 'model' }
        : { ...found, place: 'schema' },
    )
}

/** @param stale columns whose data are known to be behind */
function dataProblems(
  document: ProjectDocument,
  dataset: DatasetSummary | null,
  stale: ReadonlySet<string | null>,
): Problem[] {
  const rows = dataset?.parts.find(({ part }) => part === 'train')?.rows ?? 0
  if (!dataset || rows === 0)
    return [
      {
        severity: 'error',
        place: 'data',
        column: null,
        code: 'no-data',
        message: 'There are no rows to train on.',
        hint: 'Import a table, or start from a sample.',
      },
    ]
  const present = new Map(dataset.columns.map((column) => [column.name, column]))
  const needed = [...featuresOf(document.schema), ...targetsOf(document.schema)]
  const missing = needed
    .filter(({ name }) => !present.has(name) && !stale.has(name))
    .map(({ name }): Problem => ({
      severity: 'error',
      place: 'schema',
      column: name,
      code: 'not-in-data',
      message: `Column ${name} is in the schema but not in the data.`,
      hint: 'Set its role to ignored, or import data that has it.',
    }))
  const encoded = needed.filter(({ name }) => !stale.has(name))
  return [...missing, ...smallDomains(encoded, present)]
}

/** Ids that the data have and the domain does not would be looked up past the end of the table. */
function smallDomains(
  columns: readonly Column[],
  data: ReadonlyMap<string, DatasetSummary['columns'][number]>,
): Problem[] {
  return columns.flatMap((column): Problem[] => {
    const largest = data.get(column.name)?.largest ?? null
    const max =
      inputKind(column) === 'categorical' && column.domain?.kind === 'int' ? column.domain.max : null
    if (largest === null || max === null || largest <= max) return []
    const [holds, ends] = [largest.toLocaleString('en'), max.toLocaleString('en')]
    return [
      {
        severity: 'error',
        place: 'schema',
        column: column.name,
        code: 'domain-too-small',
        message: `The data have ids of ${column.name} up to ${holds}, but its domain ends at ${ends}.`,
        hint: `Set the largest id of its domain to ${holds} or more.`,
      },
    ]
  })
}

/** What was found in the training part and still is a feature. */
function leakProblems(document: ProjectDocument, dataset: DatasetSummary | null): Problem[] {
  const features = new Set(featuresOf(document.schema).map(({ name }) => name))
  return (dataset?.report?.leaks ?? [])
    .filter(({ column, target }) => features.has(column) && (target === null || target === document.target))
    .map(({ column, kind, message, hint }) => ({
      severity: 'warning',
      place: 'schema',
      column,
      code: `leak-${kind}`,
      message,
      hint,
      fix: {
        label: `Ignore ${column}`,
        command: { type: 'setColumns', columns: [column], changes: { role: 'ignored' } },
      },
    }))
}

function tableProblems(document: ProjectDocument): Problem[] {
  const problems: Problem[] = []
  const features = featuresOf(document.schema)
  for (const table of document.tables) {
    for (const name of table.columns) {
      const column = features.find((candidate) => candidate.name === name)
      if (!column || column.domain?.kind !== 'int' || (column.domain.max ?? 0) < 1) continue
      const rows = tableRows(column) + table.extraRows
      if (rows === table.rows) continue
      problems.push({
        severity: 'error',
        place: 'embeddings',
        column: name,
        code: 'shape-mismatch',
        message: `The table of ${name} has ${table.rows} rows, but its domain ${tableName(column)} needs ${rows - table.extraRows}${table.extraRows > 0 ? ` and its ids outside of it ${table.extraRows}` : ''}.`,
        hint: 'Attach a table for this domain, or detach this one.',
      })
    }
  }
  return problems
}

function targetProblems(document: ProjectDocument): Problem[] {
  const column = document.schema.columns.find(({ name }) => name === document.target)
  if (!column || taskOf(column) !== 'multi_class') return []
  return [
    {
      severity: 'error',
      place: 'model',
      column: column.name,
      code: 'invalid-target',
      message: `Target ${column.name} has several classes; the models here predict one probability or one number.`,
      hint: 'Choose a target tagged binary_classification or regression.',
    },
  ]
}
