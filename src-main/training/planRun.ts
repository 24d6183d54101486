import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { ProjectDocument } from '../contract/document'
import { GraftError, toGraftError } from '../contract/errors'
import type { TrainOverrides } from '../contract/runs'
import { readEncodedFrom, type DatasetStore } from '../dataset'
import { checkOnce } from '../dataset/checkedFiles'
import { hashFile, type EmbeddingStore } from '../embeddings'
import { buildModel, featurePlaceholders, findArchitecture, taskOfModel, type ModelSpec } from '../model'
import { Graph } from '../graph'
import { staleEncodings } from '../project/columnEncoding'
import { projectFiles } from '../project/folders'
import { modelSpecOf } from '../project/modelSpec'
import { tableRows, targetsOf, type Column, type Schema } from '../schema'
import { applyOverrides } from './overrides'
import { checkSettings } from './checkSettings'
import { extraIdsOf, heldOutParts } from './extraIds'
import { findOptimizer } from './optimizers'
import type { PartFiles, TableFile, TrainingPlan } from './plan'
import { freeRunName } from './runFolder'
import { checkArchive } from './weights'

export interface RunRequest {
  readonly project: string
  readonly document: ProjectDocument
  readonly overrides: TrainOverrides
  readonly data: DatasetStore
  readonly embeddings: EmbeddingStore
  /** Folder of the TensorFlow engine. */
  readonly engine: string
}

/**
 * Makes the plan of a run and checks everything that it needs: target, columns, ids, tables, settings, initial weights.
 * Nothing is written.
 * @throws GraftError with the code that fits, naming the column, table or file
 */
export async function planRun(request: RunRequest): Promise<TrainingPlan> {
  const { project, overrides, data, embeddings, engine } = request
  const asked = applyOverrides(request.document, overrides)
  const target = chooseTarget(asked)
  const document = { ...asked, target }
  checkSettings(findArchitecture(document.model.architecture), document.model.settings)
  checkSettings(findOptimizer(document.training.optimizer.name), document.training.optimizer.settings)
  const model = modelSpecOf(document)
  if (model.inputs.some((input) => input.column === target))
    throw new GraftError(
      'invalid-target',
      `Column ${target} is the target and an input at the same time.`,
      'Set its role to target in the schema.',
      { column: target },
    )
  await checkEncoding(project, document)
  checkDomains(document, model)
  const tableFiles = await findTables(model, embeddings)
  const parts = { ...(await findParts(data)), ...(await heldOutParts(project, document, embeddings)) }
  const extra = new Map(extraIdsOf(document, embeddings).map(({ column, rows }) => [column, rows]))
  await checkData(data, document.schema, model, target, parts, extra)
  const initialWeights = overrides.initialWeights ? await checkWeights(overrides.initialWeights, model) : null
  const runs = join(project, projectFiles.runs)
  const run = await freeRunName(runs)
  return {
    run,
    folder: join(runs, run),
    document,
    target,
    model,
    tableFiles,
    parts,
    datasetHash: await data.hash(),
    initialWeights,
    engine,
  }
}

function chooseTarget(document: ProjectDocument): string {
  const targets = targetsOf(document.schema).map((column) => column.name)
  const { target } = document
  if (target !== null) {
    if (!document.schema.columns.some((column) => column.name === target))
      throw new GraftError(
        'unknown-column',
        `The schema has no column ${target}, which is the chosen target.`,
        targets.length ? `Its targets: ${targets.join(', ')}.` : 'Tag a column as target in the schema.',
        { column: target },
      )
    return target
  }
  const [only] = targets
  if (only === undefined)
    throw new GraftError('no-target', 'No column is a target.', 'Tag a column as target in the schema.')
  if (targets.length > 1)
    throw new GraftError(
      'ambiguous-target',
      `The schema has ${targets.length} targets and none is chosen: ${targets.join(', ')}.`,
      'Choose the one to train on (--target).',
      { targets },
    )
  return only
}

/** Raw rows were encoded as schema and settings say now. */
async function checkEncoding(project: string, document: ProjectDocument): Promise<void> {
  if (document.source?.kind !== 'tables') return
  const [first] = staleEncodings(document, await readEncodedFrom(project))
  if (first)
    throw new GraftError(
      'invalid-data',
      first.message,
      'Encode the rows again: in the Schema view, or with `schema DIR encode`.',
      {
        column: first.column,
      },
    )
}

/** Every table has a row for every id of its columns, and the rows after them that the document says. */
function checkDomains(document: ProjectDocument, model: ModelSpec): void {
  for (const table of model.tables)
    for (const name of table.columns) {
      const column = document.schema.columns.find((candidate) => candidate.name === name)
      const extra = document.tables.find(({ id }) => id === table.name)?.extraRows ?? 0
      const needed = column ? tableRows(column) + extra : table.rows
      if (needed <= table.rows && (!table.pretrained || needed === table.rows)) continue
      throw new GraftError(
        'shape-mismatch',
        `Table ${table.name} has ${table.rows} rows; column ${name} needs ${needed}, one for each id and one for unknown${extra > 0 ? `, and ${extra} for ids that only the vector file has` : ''}.`,
        'Attach a table that fits, or correct the domain of the column in the schema.',
        { table: table.name, column: name, rows: table.rows, expected: needed },
      )
    }
}

async function findTables(model: ModelSpec, embeddings: EmbeddingStore): Promise<TableFile[]> {
  const files: TableFile[] = []
  for (const table of model.tables) {
    if (!table.pretrained) continue
    const record = await embeddings.read(table.name)
    const path = embeddings.pathOf(table.name)
    const { rows, width } = record.report
    if (rows !== table.rows || width !== table.width)
      throw new GraftError(
        'shape-mismatch',
        `Table ${table.name} is ${rows} × ${width} on disk, and ${table.rows} × ${table.width} in the project.`,
        'Attach it again.',
        { table: table.name },
      )
    const offset = record.file.dataOffset
    const { size } = await stat(path)
    if (size !== offset + 4 * rows * width)
      throw new GraftError(
        'invalid-file',
        `${path} has ${size} bytes where ${offset + 4 * rows * width} are expected.`,
        'It was changed or cut off: attach the table again.',
        { table: table.name },
      )
    files.push({ table: table.name, path, offset })
  }
  return files
}

async function findParts(data: DatasetStore): Promise<TrainingPlan['parts']> {
  const none: PartFiles = { rows: 0, files: [] }
  const parts = { train: none, validation: none, test: none }
  for (const { part, rows, files } of await data.parts())
    parts[part] = { rows, files: files.map((file) => file.path) }
  if (parts.train.rows === 0)
    throw new GraftError(
      'invalid-data',
      'The project has no training rows.',
      'Import data, or open the sample.',
    )
  return parts
}

/**
 * Columns, types, ids, numbers and target of the rows that the run reads, by DuckDB; nothing is loaded.
 * @param extra by column, the ids after those of the domain that held-out rows may have
 */
async function checkData(
  data: DatasetStore,
  schema: Schema,
  model: ModelSpec,
  target: string,
  parts: TrainingPlan['parts'],
  extra: ReadonlyMap<string, number>,
): Promise<void> {
  const inputs = new Set(model.inputs.map((input) => input.column))
  const weights = new Set(
    model.inputs.flatMap((input) => (input.kind === 'categorical' ? (input.list?.weights ?? []) : [])),
  )
  const needed: Schema = {
    ...schema,
    columns: schema.columns
      .filter(({ name }) => inputs.has(name) || weights.has(name) || name === target)
      .map((column) =>
        weights.has(column.name) ? { ...column, ignored: false, tags: ['continuous'] } : column,
      )
      // Whatever else its tags say, this run takes it for a number, or for a class of 0 and 1.
      .map((column) =>
        column.name === target ? { ...column, ignored: false, tags: ['target', taskOfModel(model)] } : column,
      ),
  }
  const heldOut = {
    ...needed,
    columns: needed.columns.map((column) => withDomainMax(column, extra.get(column.name) ?? 0)),
  }
  const duck = await data.duck()
  const { project } = data
  await checkOnce(duck, project, 'train', parts.train.files, needed)
  await checkOnce(duck, project, 'validation', parts.validation.files, heldOut)
}

function withDomainMax(column: Column, more: number): Column {
  const { domain } = column
  if (more === 0 || domain?.kind !== 'int' || domain.max === null) return column
  return { ...column, domain: { ...domain, max: domain.max + more } }
}

async function checkWeights(path: string, model: ModelSpec): Promise<{ path: string; sha256: string }> {
  const graph = new Graph()
  let next = 0
  const { weights } = buildModel(
    graph,
    model,
    featurePlaceholders(graph, model, () => `column${next++}`),
  )
  await checkArchive(path, model, weights).catch((error: unknown) => {
    throw toGraftError(error)
  })
  return { path, sha256: await hashFile(path) }
}
