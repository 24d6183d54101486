import { readFile, stat, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { z } from 'zod'
import type { Schema } from '../schema'
import { checkEncodedFile, checksOf, neededColumns } from './check'
import type { Duck } from './duckdb'
import { writeAtomically } from './files'

/** What each file was found to keep, by column, as long as its size and time of change are what they were. */
const checkedFiles = z.record(
  z.string(),
  z.object({ bytes: z.number(), changed: z.number(), columns: z.record(z.string(), z.string()) }),
)
type CheckedFiles = z.infer<typeof checkedFiles>

const keyOf = (part: string, path: string): string => `${part}/${basename(path)}`

/**
 * Checks files of a project's dataset against a schema as `checkEncodedFile` does, but each column of a file only once: what
 * was found is kept in `dataset/.checks.json`. A run on gigabytes begins at once that way.
 */
export async function checkOnce(
  duck: Duck,
  project: string,
  part: string,
  files: readonly string[],
  schema: Schema,
): Promise<void> {
  const cache = await readChecks(project)
  let fresh = false
  for (const path of files) {
    const { size, mtimeMs } = await stat(path)
    const before = cache[keyOf(part, path)]
    const known = before && before.bytes === size && before.changed === mtimeMs ? before.columns : {}
    const open = neededColumns(schema).filter((column) => known[column.name] !== checksOf(column))
    if (open.length === 0) continue
    await checkEncodedFile(duck, path, { ...schema, columns: open })
    fresh = true
    const found = Object.fromEntries(open.map((column) => [column.name, checksOf(column)]))
    cache[keyOf(part, path)] = { bytes: size, changed: mtimeMs, columns: { ...known, ...found } }
  }
  if (fresh) await writeChecks(project, cache)
}

/** Keeps that these files, just written from checked ones, fit the schema. */
export async function noteChecked(
  project: string,
  part: string,
  files: readonly string[],
  schema: Schema,
): Promise<void> {
  const cache = await readChecks(project)
  const columns = Object.fromEntries(neededColumns(schema).map((column) => [column.name, checksOf(column)]))
  for (const path of files) {
    const { size, mtimeMs } = await stat(path)
    cache[keyOf(part, path)] = { bytes: size, changed: mtimeMs, columns }
  }
  await writeChecks(project, cache)
}

const pathOf = (project: string): string => join(project, 'dataset', '.checks.json')

async function readChecks(project: string): Promise<CheckedFiles> {
  try {
    const parsed = checkedFiles.safeParse(JSON.parse(await readFile(pathOf(project), 'utf8')))
    return parsed.success ? parsed.data : {}
  } catch {
    return {}
  }
}

/** A read-only project can still be trained on; it only checks again next time. */
async function writeChecks(project: string, cache: CheckedFiles): Promise<void> {
  await writeAtomically(pathOf(project), (path) => writeFile(path, JSON.stringify(cache))).catch(
    () => undefined,
  )
}
