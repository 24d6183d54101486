import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { GraftError, toGraftError } from '../contract/errors'
import { readSchema, type Schema } from '../schema'
import { partFolder, replaceFolder } from './files'
import { synthesize } from './synthetic'
import { writeParquet } from './write'

/** `sample.json` of a sample project. */
export const sampleFile = z.object({
  name: z.string(),
  title: z.string(),
  description: z.string(),
  /** The schema's file, beside this one. */
  schema: z.string(),
  rows: z.number().int().min(1),
  seed: z.number().int(),
  depends: z.record(z.string(), z.string()),
  target: z.string(),
  /** Mock tables that come attached: rows and width in numbers, values from the seed. */
  tables: z.array(
    z.object({
      column: z.string(),
      rows: z.number().int().min(1),
      width: z.number().int().min(1),
      seed: z.number().int(),
      frozen: z.boolean(),
    }),
  ),
})
export type SampleFile = z.infer<typeof sampleFile>

export interface Sample extends SampleFile {
  parsedSchema: Schema
}

/** Reads a sample's description and schema. @throws GraftError `not-found`, `invalid-file` */
export async function readSample(folder: string): Promise<Sample> {
  try {
    const described = sampleFile.safeParse(JSON.parse(await readFile(join(folder, 'sample.json'), 'utf8')))
    if (!described.success)
      throw new GraftError('invalid-file', `${join(folder, 'sample.json')}: ${described.error.message}`)
    const parsedSchema = readSchema(
      described.data.schema,
      await readFile(join(folder, described.data.schema), 'utf8'),
    )
    return { ...described.data, parsedSchema }
  } catch (error) {
    throw toGraftError(error)
  }
}

/** Writes a sample's rows as the training part of a project: all of them, as the example does. */
export async function writeSampleData(sample: Sample, project: string): Promise<void> {
  const columns = synthesize(sample.parsedSchema, sample)
  await replaceFolder(partFolder(project, 'train'), (folder) =>
    writeParquet(join(folder, 'part-00000.parquet'), columns),
  )
}
