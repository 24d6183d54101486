import { copyFile, mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { GraftError } from '../contract/errors'
import { NpyWriter } from '../embeddings/npyWriter'
import { formatNpyHeader } from '../embeddings/readers/npyHeader'
import { savedModelBytes } from '../graph'
import { storedTables, type TableSpec } from '../model'
import type { TensorFlow } from '../tensorflow/binding'
import { GraphSession } from '../tensorflow/session'
import { checkpointRows } from './checkpointTable'
import { exportDocuments, tableFileNames } from './documents'
import type { ExportPlan } from './plan'
import { encodingFolder } from './rawRows'
import { replayFeeds } from './rows'
import { servingModel, type ServingModel } from './servingModel'
import type { ExportTarget, PlannedFile, ReportExport } from './targets'

const numberBytes = 4

/** Where loaders look for a SavedModel's weights. */
const variablesPrefix = 'variables/variables'

function plannedFiles(plan: ExportPlan): PlannedFile[] {
  const fileOf = tableFiles(plan)
  const { content } = servingModel(plan.model)
  const variables = content.variables ?? []
  const numbers = variables.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0)
  return [
    {
      name: 'saved_model.pb',
      bytes: savedModelBytes(content).length,
      description: 'The graph and its signatures',
    },
    {
      name: `${variablesPrefix}.data-00000-of-00001`,
      bytes: numbers * numberBytes,
      description: 'All weights',
    },
    // The one file whose size only TensorFlow knows: about 50 bytes a weight.
    {
      name: `${variablesPrefix}.index`,
      bytes: 100 + 50 * variables.length,
      description: 'Where each weight is (about)',
    },
    ...storedTables(plan.model).map((table) => ({
      name: fileOf(table),
      bytes: formatNpyHeader(table.rows, table.width).length + table.rows * table.width * numberBytes,
      description: `${isFrozen(plan, table) ? 'Frozen' : 'Trained'} vectors of ${table.columns.join(', ')}`,
    })),
    ...(plan.raw?.files ?? []).map(({ name, bytes, description }) => ({ name, bytes, description })),
    ...exportDocuments(plan).map(({ name, text, description }) => ({
      name,
      bytes: Buffer.byteLength(text),
      description,
    })),
  ]
}

function tableFiles({ model }: ExportPlan): (table: TableSpec) => string {
  const names = tableFileNames(model)
  return ({ name }) => {
    const file = names.get(name)
    if (file === undefined) throw new GraftError('internal', `Table ${name} has no file.`)
    return file
  }
}

/** Whether the run left the table as it was: the proof says so where there is one, as locks can be turned in mid-run. */
function isFrozen({ record }: ExportPlan, { name, frozen }: TableSpec): boolean {
  return record.tables.find(({ table }) => table === name)?.frozen ?? frozen
}

/** Moves the trained weights from the run's checkpoint into the model's own folder, through a session of the model. */
async function writeVariables(
  tensorflow: TensorFlow,
  { content, checkpoint }: ServingModel,
  plan: ExportPlan,
  folder: string,
): Promise<void> {
  const { graph, ...rest } = content
  await mkdir(join(folder, 'variables'))
  const session = await GraphSession.open(tensorflow, graph, rest)
  try {
    session.run({ [checkpoint.prefix]: { data: [plan.weights], shape: [] } }, [checkpoint.restore])
    const prefix = join(folder, variablesPrefix)
    session.run({ [checkpoint.prefix]: { data: [prefix], shape: [] } }, [checkpoint.save])
  } finally {
    session.dispose()
  }
}

async function writeTable(
  tensorflow: TensorFlow,
  plan: ExportPlan,
  table: TableSpec,
  path: string,
): Promise<void> {
  const writer = await NpyWriter.create(path, table.rows, table.width)
  let hash: string
  try {
    for await (const rows of checkpointRows(tensorflow, plan.weights, table)) await writer.write(rows)
    hash = (await writer.finish()).hash
  } catch (error) {
    await writer.abandon()
    throw error
  }
  const recorded = plan.record.tables.find((candidate) => candidate.table === table.name)
  if (recorded && recorded.hashAfter !== hash) {
    throw new GraftError(
      'invalid-file',
      `The saved weights of table ${table.name} are not those that run ${plan.record.id} ended with: their hashes differ.`,
      'The run’s files were changed or damaged. Train again, then export.',
      { recorded: recorded.hashAfter, found: hash },
    )
  }
}

/** TensorFlow's SavedModel, with all that is needed to use it and to know where it came from. */
export const savedModelTarget: ExportTarget = {
  name: 'savedmodel',
  title: 'TensorFlow SavedModel',
  files: plannedFiles,

  async write(plan: ExportPlan, folder: string, tensorflow: TensorFlow, report: ReportExport): Promise<void> {
    const tables = storedTables(plan.model)
    const fileOf = tableFiles(plan)
    const total = tables.length + 2
    const model = servingModel(plan.model)
    report('Writing the model', 0, total, 'files')
    await writeVariables(tensorflow, model, plan, folder)
    await writeFile(join(folder, 'saved_model.pb'), savedModelBytes(model.content))
    await mkdir(join(folder, 'embeddings'))
    for (const [i, table] of tables.entries()) {
      report('Writing embedding tables', 1 + i, total, 'files')
      await writeTable(tensorflow, plan, table, join(folder, fileOf(table)))
    }
    report('Writing documents', 1 + tables.length, total, 'files')
    for (const { from, name } of plan.raw?.files ?? []) {
      await mkdir(join(folder, dirname(name)), { recursive: true })
      await copyFile(from, join(folder, name))
    }
    if (plan.raw) await mkdir(join(folder, encodingFolder), { recursive: true })
    for (const { name, text } of exportDocuments(plan)) await writeFile(join(folder, name), text)
  },

  async predict(plan: ExportPlan, folder: string, tensorflow: TensorFlow): Promise<Float32Array> {
    const { feeds, prediction } = servingModel(plan.model)
    const session = await GraphSession.load(tensorflow, folder)
    try {
      const [found] = session.run(replayFeeds(plan.model, feeds, plan.replay), [prediction])
      if (!(found?.data instanceof Float32Array))
        throw new GraftError('internal', 'The model gave no predictions.')
      return found.data
    } finally {
      session.dispose()
    }
  },
}
