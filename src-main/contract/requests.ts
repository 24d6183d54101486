import { z } from 'zod'
import { documentCommand, importedSchema, part, projectDocument } from './document'
import { columnChange } from './schema'
import { exportPreview, runDetail, runSummary, trainOverrides } from './runs'
import {
  appInfo,
  catalog,
  columnProfile,
  engineStatus,
  job,
  modelSummary,
  projectSnapshot,
  recentProject,
  rowWindow,
} from './views'
import {
  attachment,
  idDetail,
  idView,
  neighborMetric,
  tableFormat,
  tableStatistics,
  vectorFile,
} from './vectors'
import {
  idColumns,
  idLabel,
  mapColor,
  mapColors,
  mapMethod,
  mostLabels,
  packed,
  pointsAtOnce,
  tableDrift,
  tableMap,
  tableVersion,
} from './maps'
import {
  columnEncoding,
  columnUse,
  delimitedOptions,
  derivedWish,
  folderContent,
  joinSource,
  tablesInference,
  tablesPreview,
  tablesReport,
  tablesSource,
} from './tables'

interface Request<In extends z.ZodType, Out extends z.ZodType> {
  readonly input: In
  readonly output: Out
}

const request = <In extends z.ZodType, Out extends z.ZodType>(input: In, output: Out): Request<In, Out> => ({
  input,
  output,
})

const nothing = z.object({})
const done = z.object({})
const jobId = z.object({ job: z.string() })
const path = z.string().min(1)

/** An id of a column, in the attached table or in the one that a run left. */
const idQuery = z.object({
  column: z.string(),
  id: z.string(),
  run: z.string().nullable().default(null),
  /** The table as the run found it, or as it left it. */
  moment: tableVersion.shape.moment,
  /** One of several tables of the column; null: the first. */
  table: z.string().nullable().default(null),
  k: z.int().min(1).max(1000).default(10),
  metric: neighborMetric.default('cosine'),
})

/** All that a window needs to draw itself; what follows comes as events with a larger `sequence`. */
export const sessionSnapshot = z.object({
  sequence: z.int(),
  app: appInfo,
  engine: engineStatus,
  project: projectSnapshot.nullable(),
  recent: z.array(recentProject),
  runs: z.array(runSummary),
  jobs: z.array(job),
})
export type SessionSnapshot = z.infer<typeof sessionSnapshot>

/**
 * Everything that can be asked of main: imperatives, by noun and verb; `project.open` on the wire. Types of both
 * sides and the renderer's client are derived from this table; main validates every input against it.
 */
export const requests = {
  session: {
    connect: request(nothing, sessionSnapshot),
  },
  project: {
    open: request(z.object({ path }), projectSnapshot),
    /** Job; its result is the project's path, which is then open. */
    create: request(z.object({ path, sample: z.string().nullable() }), jobId),
    close: request(nothing, done),
    execute: request(z.object({ command: documentCommand }), projectSnapshot),
    undo: request(nothing, projectSnapshot),
    redo: request(nothing, projectSnapshot),
    forget: request(z.object({ path }), done),
    /** A free folder name for a new project of this sample, or of this name, in the user's documents. */
    suggestPath: request(
      z.object({
        sample: z.string().nullable(),
        name: z
          .string()
          .regex(/^[\p{L}\p{N}][\p{L}\p{N} _-]{0,79}$/u)
          .optional(),
      }),
      z.object({ path: z.string() }),
    ),
  },
  schema: {
    import: request(z.object({ path }), projectSnapshot),
    export: request(z.object({ path, force: z.boolean() }), done),
    /** What changed since the schema was imported; `imported` is null where none was, or it is gone. */
    diff: request(nothing, z.object({ imported: importedSchema.nullable(), columns: z.array(columnChange) })),
  },
  dataset: {
    /** A window of rows; of these columns, or of all where none are named. */
    rows: request(
      z.object({
        part,
        offset: z.int().min(0),
        limit: z.int().min(1).max(1000),
        columns: z.array(z.string()).nullable().default(null),
      }),
      rowWindow,
    ),
    /** Profiles of these columns, in the order of the data; of all where none are named. */
    profile: request(
      z.object({ part, columns: z.array(z.string()).nullable().default(null) }),
      z.object({ columns: z.array(columnProfile) }),
    ),
    /** Job: Parquet files whose ids are encoded already, as the parts of the dataset. */
    importEncoded: request(
      z.object({
        train: z.array(path).min(1),
        validation: z.array(path),
        test: z.array(path),
        split: z.string().nullable(),
        seed: z.int().min(0),
      }),
      jobId,
    ),
    /** Whether this is a folder that NVTabular preprocessed: schema.pbtxt with Parquet files for training. */
    findMerlin: request(z.object({ path }), z.object({ found: z.boolean() })),
    /** What a folder holds, judged by its content; `unsupported-file` where that is nothing. */
    lookAtFolder: request(z.object({ path }), folderContent),
    /** Job: such a folder as it is, into the open project or into a new one, which is then opened. */
    importMerlin: request(z.object({ path, newProject: path.nullable() }), jobId),
  },
  tables: {
    /** What these tables hold and what each column would be taken for; writes nothing. */
    preview: request(
      z.object({
        files: z.array(path).min(1),
        /** Keys that are null are suggested. */
        joins: z.array(
          z.object({ path, on: z.string().min(1).nullable(), key: z.string().min(1).nullable() }),
        ),
        options: delimitedOptions,
        target: z.string().nullable(),
        /** Names who asks: their next question, or `stopPreview`, ends this one with `cancelled`. */
        asker: z.string().max(64).default(''),
      }),
      tablesPreview,
    ),
    stopPreview: request(z.object({ asker: z.string().max(64) }), done),
    /** What the last import or encoding of raw tables told; null where there was none. */
    report: request(nothing, z.object({ report: tablesReport.nullable() })),
    /** Job: raw tables, typed, guessed, split and encoded; its result is a `tablesReport`. */
    import: request(
      z.object({
        files: tablesSource.shape.files.min(1),
        joins: z.array(joinSource),
        options: delimitedOptions,
        split: z.string().nullable(),
        seed: z.int().min(0),
        /** `COLUMN`, or `COLUMN>NUMBER` for 1 where it is above; null leaves it to the rules. */
        target: z.string().nullable(),
        /** Columns learnt from the training part: target encodings and counts. */
        derived: z.array(derivedWish).default([]),
        /** By column, what it is in the place of what the rules take it for. */
        uses: z.record(z.string(), columnUse).default({}),
        /** Makes a project there and opens it once the rows are in; null imports into the open one. */
        newProject: path.nullable().default(null),
      }),
      jobId,
    ),
    /** Job: the imported rows split and encoded anew, by the schema as it is and these changes; a `tablesReport`. */
    encode: request(
      z.object({
        split: z.string().nullable().optional(),
        seed: z.int().min(0).optional(),
        /** Settings of columns, in the place of those that they had. */
        encoding: z.record(z.string(), columnEncoding).optional(),
        /** Learnt columns to add, in the place of those of the same names. */
        derive: z.array(derivedWish).optional(),
        /** Learnt columns to take off, by name. */
        drop: z.array(z.string()).optional(),
        /** Takes each raw column for what the rules say, in the place of what the schema says. */
        infer: z.boolean().optional(),
        /** A schema file that takes the place of the schema first, together with the encoding or not at all. */
        schema: path.optional(),
        /** Edits of the document that are made first, together with the encoding or not at all. */
        commands: z.array(documentCommand).optional(),
      }),
      jobId,
    ),
    /** What the rules take the raw columns for, and why; changes nothing. */
    infer: request(nothing, tablesInference),
    /** Statistics of the raw columns, as they were imported. */
    profile: request(
      z.object({ columns: z.array(z.string()).nullable().default(null) }),
      z.object({ columns: z.array(columnProfile) }),
    ),
  },
  embeddings: {
    /** What a dropped file holds and which columns it fits, by its own keys or those in a file of `ids`; changes nothing. */
    inspectFile: request(z.object({ path, ids: path.nullable().default(null) }), vectorFile),
    /** Job; its result is the alignment report. */
    attach: request(attachment, jobId),
    /** Job: the alignment report that this attachment would have; writes nothing. */
    preview: request(attachment, jobId),
    statistics: request(z.object({ table: z.string() }), tableStatistics),
    /** The rows nearest to an id's, over the whole table. */
    neighbors: request(idQuery, idView),
    /** Job: a column's table with its keys, as it is attached or as a run left it; its result is a `tableExport`. */
    exportTable: request(
      z.object({
        column: z.string(),
        /** One of the column's tables, where it has several; null takes the first. */
        table: z.string().nullable().default(null),
        run: z.string().nullable().default(null),
        path,
        /** Null takes the one that the path's ending stands for. */
        format: tableFormat.nullable().default(null),
        force: z.boolean().default(false),
      }),
      jobId,
    ),
    /** All about one id. */
    inspectId: request(idQuery, idDetail),
    /** A map of a table's rows: at once where it was made before, else by a job whose result is the `tableMap`. */
    map: request(
      tableVersion.extend({
        method: mapMethod,
        /** What near means to UMAP. */
        metric: neighborMetric.default('cosine'),
        /** Of UMAP: how many neighbours a row is kept near to. */
        neighbors: z.int().min(2).max(200).default(15),
      }),
      z.object({ map: tableMap.nullable(), job: z.string().nullable() }),
    ),
    /** Points of a map from `from` on: little-endian float32, x and y in turn. */
    mapPoints: request(
      z.object({
        map: z.string(),
        from: z.int().min(0),
        count: z.int().min(1).max(pointsAtOnce),
      }),
      z.object({ points: packed }),
    ),
    /** The colours of all points of a version's map. */
    mapColors: request(tableVersion.extend({ color: mapColor }), mapColors),
    /** What can be told of the ids of a table. */
    idColumns: request(z.object({ table: z.string() }), idColumns),
    /** Ids and titles of rows, and what they are coloured by. */
    labels: request(
      tableVersion.extend({
        rows: z.array(z.int().min(0)).max(mostLabels),
        color: mapColor.nullable().default(null),
      }),
      z.object({ labels: z.array(idLabel.extend({ value: z.union([z.number(), z.string()]).nullable() })) }),
    ),
    /** Ids whose value or title holds a text: those that begin with it first. */
    searchIds: request(
      z.object({ table: z.string(), text: z.string(), limit: z.int().min(1).max(1000).default(20) }),
      z.object({ found: z.array(idLabel), total: z.int() }),
    ),
    /** Which rows moved most from one version of a table to another. */
    drift: request(
      z.object({ from: tableVersion, to: tableVersion, k: z.int().min(1).max(1000).default(50) }),
      tableDrift,
    ),
  },
  model: {
    catalog: request(nothing, catalog),
    /** The layers that a document would give, without changing the project. */
    preview: request(z.object({ document: projectDocument }), modelSummary),
  },
  training: {
    start: request(z.object({ overrides: trainOverrides }), z.object({ run: z.string() })),
    /** Ends the run after the current step and keeps what it learnt. */
    stop: request(z.object({ run: z.string() }), done),
    /** Locks or unlocks a table of the run that trains, from its next step on; the project stays as it is. */
    setFrozen: request(z.object({ run: z.string(), table: z.string(), frozen: z.boolean() }), done),
  },
  runs: {
    detail: request(z.object({ run: z.string() }), runDetail),
    remove: request(z.object({ run: z.string() }), done),
  },
  evaluation: {
    /** Job: a run's metrics on a part of the data, or on raw files with the target in them; an `evaluationResult`. */
    evaluate: request(
      z.object({
        run: z.string(),
        part: part.nullable(),
        data: z.array(path),
        /** Columns by whose most frequent values the rows are sliced; ids are sliced into seen and unseen anyway. */
        slices: z.array(z.string()).default([]),
      }),
      jobId,
    ),
    /** Job: raw rows with a column `prediction`, written as the file's name says; a `predictionResult`. */
    predict: request(
      z.object({ run: z.string(), data: z.array(path).min(1), out: path, force: z.boolean() }),
      jobId,
    ),
  },
  export: {
    preview: request(z.object({ run: z.string(), folder: path.nullable() }), exportPreview),
    /** Job; its result is an `exportResult`. */
    write: request(z.object({ run: z.string(), folder: path, force: z.boolean() }), jobId),
  },
  engine: {
    status: request(nothing, engineStatus),
    /** Job. `device: 'gpu'` is a download past 1 GB: ask first. */
    install: request(z.object({ device: z.enum(['cpu', 'gpu']) }), jobId),
  },
  jobs: {
    cancel: request(z.object({ job: z.string() }), done),
    /** Takes a finished job off the list. */
    dismiss: request(z.object({ job: z.string() }), done),
  },
  /** Native dialogs; refused with `invalid-request` where `appInfo.canShowDialogs` is false. */
  desktop: {
    chooseFile: request(
      z.object({ title: z.string(), extensions: z.array(z.string()) }),
      z.object({ path: z.string().nullable() }),
    ),
    chooseFolder: request(
      z.object({ title: z.string(), create: z.boolean(), defaultPath: z.string().nullable() }),
      z.object({ path: z.string().nullable() }),
    ),
    showInFolder: request(z.object({ path }), done),
  },
} as const

export type Requests = typeof requests
export type Noun = keyof Requests
export type Verb<N extends Noun> = keyof Requests[N]

type In<R> = R extends Request<infer I, z.ZodType> ? z.input<I> : never
type Parsed<R> = R extends Request<infer I, z.ZodType> ? z.output<I> : never
type Out<R> = R extends Request<z.ZodType, infer O> ? z.output<O> : never

/** The renderer's client: `api.project.open({ path })`. Derived, never written. */
export type Client = {
  readonly [N in Noun]: {
    readonly [V in Verb<N>]: (input: In<Requests[N][V]>) => Promise<Out<Requests[N][V]>>
  }
}

/** What main implements: one function a request, its input validated already. */
export type Handlers = {
  readonly [N in Noun]: {
    readonly [V in Verb<N>]: (input: Parsed<Requests[N][V]>) => Promise<Out<Requests[N][V]>>
  }
}

/** Input and output schema of `noun.verb`, or null for a name that is not in the table. */
export function findRequest(name: string): Request<z.ZodType, z.ZodType> | null {
  const [noun, verb, rest] = name.split('.')
  if (noun === undefined || verb === undefined || rest !== undefined) return null
  const table: Record<string, Record<string, Request<z.ZodType, z.ZodType>>> = requests
  if (!Object.hasOwn(table, noun)) return null
  const verbs = table[noun]
  return verbs && Object.hasOwn(verbs, verb) ? (verbs[verb] ?? null) : null
}
