import { z } from 'zod'
import { attachedTable, documentCommand, part, projectDocument } from './document'
import { wireError } from './errors'
import { changedField, role, widthRule } from './schema'
import { columnEncoding, datasetReport, encodedFrom } from './tables'
import { alignmentReport, histogram } from './vectors'

/** What main derives from the document and its files, as the window shows it. Main owns all of it. */

export const problem = z.object({
  severity: z.enum(['error', 'warning']),
  /** The place of the window where it is mended. */
  place: z.enum(['data', 'schema', 'embeddings', 'model', 'train']),
  column: z.string().nullable(),
  code: z.string(),
  message: z.string(),
  hint: z.string(),
  /** What mends it, where something does: an edit, or encoding the raw rows again. */
  fix: z
    .union([
      z.object({ label: z.string(), command: documentCommand }),
      z.object({ label: z.string(), encode: z.literal(true) }),
    ])
    .optional(),
})
export type Problem = z.infer<typeof problem>

/** A row of the schema grid. */
export const columnView = z.object({
  name: z.string(),
  role,
  dtype: z.string(),
  isList: z.boolean(),
  isRagged: z.boolean(),
  tags: z.array(z.string()),
  domain: z.object({ name: z.string(), min: z.number().nullable(), max: z.number() }).nullable(),
  /** The embedding width in force and where it came from; null where the column has no table. */
  width: z
    .object({ width: z.int(), from: z.enum(['pretrained', 'user', 'merlin', 'schema', 'nvtabular']) })
    .nullable(),
  /** The table that the column looks up. */
  table: z.string().nullable(),
  /** Whether the dataset has this column. */
  inData: z.boolean(),
  /** The largest value in any part, where the files say it; null for text and lists of unknown items. */
  largest: z.number().nullable(),
  /** How its raw values become numbers, as the document says now; null where the project has no raw tables, or it is set aside. */
  encoding: columnEncoding.nullable(),
  /** What of it has changed since the schema was imported. */
  changed: z.array(z.enum([...changedField.options, 'added'])),
})
export type ColumnView = z.infer<typeof columnView>

/** A card of the Embeddings view: an attached table, or the random one that a column gets. */
export const tableView = z.object({
  id: z.string(),
  columns: z.array(z.string()),
  rows: z.int(),
  width: z.int(),
  bytes: z.int(),
  frozen: z.boolean(),
  attached: attachedTable.nullable(),
  report: alignmentReport.nullable(),
  /** What the newest finished run showed of this table. */
  proof: z
    .object({ run: z.string(), frozen: z.boolean(), changed: z.boolean(), meanRowMovement: z.number() })
    .nullable(),
})
export type TableView = z.infer<typeof tableView>

/** A block of the model diagram. */
export const layerView = z.object({
  id: z.string(),
  kind: z.enum(['column', 'table', 'concat', 'cross', 'dense', 'output']),
  title: z.string(),
  /** Ids of the layers that feed it. */
  inputs: z.array(z.string()),
  /** Shape of its output; null is the batch. */
  shape: z.array(z.int().nullable()),
  parameters: z.int(),
  trainableParameters: z.int(),
  detail: z.string(),
})
export type LayerView = z.infer<typeof layerView>

export const modelSummary = z.object({
  name: z.string(),
  inputWidth: z.int(),
  parameters: z.int(),
  trainableParameters: z.int(),
  /** Weights and optimizer slots in memory. */
  bytes: z.int(),
  layers: z.array(layerView),
})
export type ModelSummary = z.infer<typeof modelSummary>

export const partSummary = z.object({
  part,
  rows: z.int(),
  /** Mean of the chosen target, where it is binary. */
  targetRate: z.number().nullable(),
})

export const datasetSummary = z.object({
  parts: z.array(partSummary),
  /** `largest`: of numbers, over all parts, where the files say it. */
  columns: z.array(
    z.object({ name: z.string(), type: z.string(), largest: z.number().nullable().default(null) }),
  ),
  /** Of raw tables: the parts side by side and what may give the target away; null where the data came encoded. */
  report: datasetReport.nullable().default(null),
  /** Of raw tables; null where the data came encoded, or were encoded by a version that did not keep it. */
  made: encodedFrom.nullable().default(null),
})
export type DatasetSummary = z.infer<typeof datasetSummary>

export const projectSnapshot = z.object({
  path: z.string(),
  document: projectDocument,
  widthRules: z.array(widthRule),
  columns: z.array(columnView),
  tables: z.array(tableView),
  problems: z.array(problem),
  dataset: datasetSummary.nullable(),
  model: modelSummary.nullable(),
  /** Labels of the edits that undo and redo would take back or make again. */
  undo: z.string().nullable(),
  redo: z.string().nullable(),
  /** Set where the last autosave failed; the edits are kept in memory. */
  saveError: wireError.nullable(),
})
export type ProjectSnapshot = z.infer<typeof projectSnapshot>

export const recentProject = z.object({
  path: z.string(),
  name: z.string(),
  openedAt: z.string(),
  rows: z.int().nullable(),
  auc: z.number().nullable(),
  /** Of a regression, in the place of the AUC. */
  rmse: z.number().nullable().default(null),
  exists: z.boolean(),
})
export type RecentProject = z.infer<typeof recentProject>

/** A column's profile for the grid's header plots. */
export const columnProfile = z.object({
  column: z.string(),
  type: z.string(),
  rows: z.int(),
  missing: z.int(),
  distinct: z.int(),
  min: z.union([z.number(), z.string()]).nullable(),
  max: z.union([z.number(), z.string()]).nullable(),
  mean: z.number().nullable(),
  /** Of numbers: the values below which 5, 25, 50, 75 and 95 % of them lie. */
  quantiles: z
    .object({ p5: z.number(), p25: z.number(), p50: z.number(), p75: z.number(), p95: z.number() })
    .nullable(),
  histogram: histogram.nullable(),
  top: z.array(z.object({ value: z.string(), count: z.int() })).nullable(),
  /** How many items the rows of a list column hold; null for other columns. */
  lengths: z.object({ min: z.int(), mean: z.number(), max: z.int(), histogram }).nullable(),
})
export type ColumnProfile = z.infer<typeof columnProfile>

export const cell = z.union([
  z.number(),
  z.string(),
  z.boolean(),
  z.null(),
  z.array(z.union([z.number(), z.string(), z.null()])),
])
export type Cell = z.infer<typeof cell>

/** A window of rows, by column so that it is small on the wire. */
export const rowWindow = z.object({
  part,
  offset: z.int(),
  total: z.int(),
  columns: z.array(z.object({ name: z.string(), type: z.string(), values: z.array(cell) })),
})
export type RowWindow = z.infer<typeof rowWindow>

export const engineStatus = z.object({
  state: z.enum(['ready', 'missing', 'installing', 'failed']),
  tensorflow: z.string().nullable(),
  device: z.enum(['cpu', 'gpu']).nullable(),
  threads: z.int(),
  /** For the chip: `TensorFlow 2.21 · CPU · 2 threads`. */
  label: z.string(),
  error: wireError.nullable(),
})
export type EngineStatus = z.infer<typeof engineStatus>

export const appInfo = z.object({
  version: z.string(),
  mode: z.enum(['electron', 'served']),
  platform: z.string(),
  runtime: z.string(),
  /** Said in the window where a borrowed, old Electron runs. */
  standIn: z.boolean(),
  /** Whether main can show native dialogs and folders. */
  canShowDialogs: z.boolean(),
  samples: z.array(z.object({ id: z.string(), title: z.string(), description: z.string() })),
})
export type AppInfo = z.infer<typeof appInfo>

export const job = z.object({
  id: z.string(),
  kind: z.enum(['create', 'import', 'attach', 'evaluate', 'export', 'exportTable', 'engine', 'map']),
  title: z.string(),
  state: z.enum(['running', 'done', 'failed', 'cancelled']),
  phase: z.string(),
  done: z.number(),
  /** Null where unknown. */
  total: z.number().nullable(),
  unit: z.string(),
  /** Units a second, measured; null before there is a measure. */
  rate: z.number().nullable(),
  secondsLeft: z.number().nullable(),
  error: wireError.nullable(),
  /** What the job produced, as the request that started it documents. */
  result: z.unknown(),
})
export type Job = z.infer<typeof job>

/** One field of a form, from the JSON Schema that zod makes of the settings it edits. */
export const catalogEntry = z.object({
  name: z.string(),
  title: z.string(),
  description: z.string(),
  /** JSON Schema (draft 2020-12) of the settings: titles, descriptions, ranges, defaults. */
  settings: z.record(z.string(), z.unknown()),
  defaults: z.record(z.string(), z.unknown()),
})
export type CatalogEntry = z.infer<typeof catalogEntry>

export const catalog = z.object({
  architectures: z.array(catalogEntry),
  optimizers: z.array(catalogEntry),
  /** JSON Schema of `trainingSettings`. */
  training: z.record(z.string(), z.unknown()),
  /** JSON Schema of `tableUse`. */
  tableUse: z.record(z.string(), z.unknown()),
  /** JSON Schema of `pooling`. */
  pooling: z.record(z.string(), z.unknown()),
  /** JSON Schema of `columnEncoding`, by kind. */
  encodings: z.record(z.string(), z.record(z.string(), z.unknown())),
})
export type Catalog = z.infer<typeof catalog>
