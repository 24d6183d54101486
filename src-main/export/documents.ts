import {
  findArchitecture,
  largestId,
  type ModelSpec,
  offsetsName,
  residualOf,
  tablesOf,
  taskOfModel,
  valuesName,
} from '../model'
import { findOptimizer } from '../training/optimizers'
import type { ExportPlan } from './plan'
import predictScript from './predict.py?raw'
import rawRowsScript from './raw_rows.py?raw'
import rawValuesScript from './raw_values.py?raw'
import { encodingFolder } from './rawRows'
import { replayCsv } from './rows'
import { outputName } from './servingModel'

/** A text file of the model folder. */
export interface ExportDocument {
  readonly name: string
  readonly description: string
  readonly text: string
}

/** All files of the folder that are text, made from the plan alone. */
export function exportDocuments(plan: ExportPlan): ExportDocument[] {
  return [
    { name: 'schema.pbtxt', description: 'The schema, in Merlin’s format', text: plan.schema },
    {
      name: 'training.json',
      description: 'How it was trained: settings, metrics, hashes',
      text: trainingJson(plan),
    },
    { name: 'predict.py', description: 'Predicts rows with this model', text: predictScript },
    ...rawDocuments(plan),
    {
      name: 'example.csv',
      description: `${plan.replay.predictions.length} rows with the trainer’s predictions`,
      text: replayCsv(plan.model, plan.replay),
    },
    { name: 'README.md', description: 'How to use the folder', text: readme(plan) },
  ]
}

/** What raw rows need beside the files that are copied. */
function rawDocuments({ raw }: ExportPlan): ExportDocument[] {
  if (!raw) return []
  return [
    { name: 'raw_rows.py', description: 'Encodes raw rows for predict.py', text: rawRowsScript },
    { name: 'raw_values.py', description: 'Reads tables and their types', text: rawValuesScript },
    {
      name: `${encodingFolder}/encoding.json`,
      description: 'Types, statistics and vocabularies of the raw columns',
      text: raw.encoding,
    },
  ]
}

/**
 * Where each table's vectors are inside of the folder: named after the column where it is the only table of one column,
 * for a table's own name may only tell how often vectors were attached. What no file name may hold is percent-encoded, so
 * names stay apart.
 */
export function tableFileNames(spec: ModelSpec): ReadonlyMap<string, string> {
  const taken = new Set(spec.tables.map(({ name }) => name))
  const names = new Map<string, string>()
  for (const table of spec.tables) {
    const inputs = spec.inputs.flatMap((input) =>
      input.kind === 'categorical' && tablesOf(spec, input).includes(table) ? [input] : [],
    )
    const [only] = inputs
    const own = only && inputs.length === 1 && tablesOf(spec, only).length === 1 ? only.column : table.name
    // Another table bears the column's name.
    const name = own !== table.name && taken.has(own) ? table.name : own
    taken.add(name)
    names.set(table.name, fileName(name))
    const residual = residualOf(table)
    if (residual) names.set(residual.name, fileName(`${name}.residual`))
  }
  return names
}

function fileName(name: string): string {
  const safe = name.replace(/[/\\:*?"<>|%]|^\./g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
  return `embeddings/${safe}.npy`
}

function describeInputs(spec: ModelSpec): Record<string, unknown>[] {
  return spec.inputs.map((input) => {
    const { column, kind } = input
    if (input.kind === 'vector') return { column, kind, dtype: 'float32', width: input.width }
    if (input.kind === 'continuous') return { column, kind, dtype: 'float32' }
    return {
      column,
      kind,
      dtype: 'int64',
      largestId: largestId(spec, input),
      table: input.table,
      // Several tables of one column, and a projection or residual, as the model has them.
      tables: tablesOf(spec, input).map(({ name, use }) => ({ table: name, ...(use && { use }) })),
      ...(input.combination && { combination: input.combination }),
      ...(input.list && {
        list: { ...input.list, values: valuesName(column), offsets: offsetsName(column) },
      }),
    }
  })
}

/** What the model gives. */
function meaningOf({ record, model }: ExportPlan): string {
  return taskOfModel(model) === 'binary'
    ? `the probability that ${record.target} is 1`
    : `the prediction of ${record.target}, a number`
}

/** The run's record without what only Graft needs, and what the model takes and gives. */
function trainingJson(plan: ExportPlan): string {
  const { record, model } = plan
  const { document } = record
  const { optimizer } = document.training
  const files = tableFileNames(model)
  const content = {
    run: record.id,
    status: record.status,
    startedAt: record.startedAt,
    finishedAt: record.finishedAt,
    seed: record.seed,
    target: record.target,
    versions: record.versions,
    engine: record.engine,
    datasetHash: record.datasetHash,
    rows: record.rows,
    initialWeights: record.initialWeights,
    // Settings as they were in force, defaults written out.
    model: { ...record.model, settings: findArchitecture(model.architecture).settings.parse(model.settings) },
    training: {
      ...document.training,
      optimizer: {
        name: optimizer.name,
        settings: findOptimizer(optimizer.name).settings.parse(optimizer.settings),
      },
    },
    inputs: describeInputs(model),
    output: { name: outputName, meaning: meaningOf(plan) },
    epochs: record.epochs,
    tables: record.tables.map((table) => ({
      ...table,
      file: files.get(table.table) ?? null,
      source: document.tables.find(({ id }) => id === table.table)?.source ?? null,
    })),
  }
  return `${JSON.stringify(content, null, 2)}\n`
}

/** A few lines of Python that predict with the exported folder. */
export function snippet({ model, replay }: Pick<ExportPlan, 'model' | 'replay'>, folder: string): string {
  const tensors = new Map<string, string>()
  const tensor = (name: string, values: readonly (number | number[])[], dtype: string): void => {
    tensors.set(name, `tf.constant(${JSON.stringify(values)}, tf.${dtype})`)
  }
  const list = (column: string, dtype: string): void => {
    const values = [replay.columns[column]?.[0] ?? []].flat()
    tensor(valuesName(column), values, dtype)
    tensor(offsetsName(column), [0, values.length], 'int64')
  }
  for (const input of model.inputs) {
    const { column } = input
    const first = replay.columns[column]?.[0] ?? 0
    if (input.kind !== 'categorical') tensor(column, [first], 'float32')
    else if (!input.list) tensor(column, [first], 'int64')
    else {
      list(column, 'int64')
      if (input.list.weights !== null) list(input.list.weights, 'float32')
    }
  }
  const inputs = [...tensors].map(([name, value]) => `    ${JSON.stringify(name)}: ${value},`)
  return [
    'import tensorflow as tf',
    '',
    `model = tf.saved_model.load(${JSON.stringify(folder)})`,
    'row = {',
    ...inputs,
    '}',
    `print(model.signatures["predict"](**row)["${outputName}"].numpy())`,
    '',
  ].join('\n')
}

function readme(plan: ExportPlan): string {
  const { record, model } = plan
  const inputs = model.inputs.map((input) => {
    const name = `| \`${input.column}\` |`
    if (input.kind === 'continuous') return `${name} float32 | a number |`
    if (input.kind === 'vector')
      return `${name} float32 | ${input.width} numbers, \`[batch, ${input.width}]\` |`
    const ids = `id 1 to ${largestId(model, input)}; 0 is unknown`
    if (!input.list) return `${name} int64 | ${ids} |`
    const { length, keep, pooling, weights } = input.list
    const weighed = weights === null ? '' : `, weighed by \`${weights}\` (float32, two tensors as well)`
    return `| \`${valuesName(input.column)}\`, \`${offsetsName(input.column)}\` | int64 | a list: ${ids}; the ${keep} ${length} count, pooled by ${pooling}${weighed} |`
  })
  const lists = model.inputs.some((input) => input.kind === 'categorical' && input.list)
    ? `A list comes as two tensors, as in Merlin: \`<column>__values\` holds the items of all rows end to end, and
\`<column>__offsets\` \`[batch + 1]\` where each row begins and the last one ends. In tables for \`predict.py\` it is a list
(Parquet) or JSON such as \`[3, 7]\` (CSV).

`
    : ''
  return `# ${record.document.name}: ${record.document.model.architecture} for \`${record.target}\`

A TensorFlow SavedModel, trained by Graft (run ${record.id}). Python and TensorFlow Serving load this folder as it is
(Serving as a version of a model: \`models/${record.target}/1\`). Its signatures \`predict\` and \`serving_default\` take one
tensor \`[batch]\` a column and give \`${outputName}\` \`[batch]\`, ${meaningOf(plan)}.

| input | type | values |
| --- | --- | --- |
${inputs.join('\n')}

${lists}\`\`\`python
${snippet(plan, '.')}\`\`\`

${predicting(plan)}

- \`saved_model.pb\`, \`variables/\`: the model
- \`embeddings/\`: each embedding table as float32 \`.npy\`, row 0 being unknown
- \`schema.pbtxt\`: the columns, in Merlin's format (tensorflow-metadata)
- \`training.json\`: seed, settings, metrics, versions, hashes
${plan.raw ? rawFolderLines : ''}`
}

const rawFolderLines = `- \`encoding/\`: how raw columns become inputs, as the training part taught it. \`encoding.json\` has types, statistics and settings;
  \`vocabularies/\` each id's value (Parquet: index, value, count; 0 is unknown), \`derived/\` means and counts of categories,
  \`joined/\` the tables that were joined, \`beyond/\` ids that only the embedding tables know
- \`raw_rows.py\`, \`raw_values.py\`: what \`predict.py\` encodes raw rows with
`

function predicting({ raw, record }: ExportPlan): string {
  if (raw)
    return `\`python predict.py ROWS --out FILE\` predicts raw rows, as they were imported: CSV, TSV, JSON lines or Parquet (needs pyarrow). Ids
that training did not have are unknown. \`python predict.py\` predicts the encoded rows of \`example.csv\`, \`python predict.py ROWS
--encoded\` others like them.`
  const why =
    record.document.source?.kind === 'tables'
      ? '\nRows have to be encoded: the data were imported or split anew since this run, so the project no longer has its vocabularies.'
      : ''
  return `\`python predict.py\` predicts the rows of \`example.csv\`; \`python predict.py ROWS --out FILE\` any others.${why}`
}
