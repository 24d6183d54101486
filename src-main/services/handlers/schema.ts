import { readFile } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import { GraftError, type Handlers, replaceHint, type Schema } from '../../contract'
import { effectiveSchema } from '../../project/effectiveSchema'
import { exists, writeFileAtomic } from '../../project/files'
import { readSchema, SchemaError, writeSchema } from '../../schema'
import { type Workbench } from '../workbench'

/** Reads a schema file; what is wrong in it is told with the file's name. */
export async function readSchemaFile(path: string): Promise<Schema> {
  const text = await readFile(path, 'utf8')
  try {
    return readSchema(path, text)
  } catch (error) {
    if (!(error instanceof SchemaError)) throw error
    throw new GraftError(error.code, `${path}: ${error.message}`, error.hint, { file: path })
  }
}

export function schemaHandlers(bench: Workbench): Handlers['schema'] {
  return {
    import: async ({ path }) => {
      const session = bench.requireSession()
      const file = resolve(path)
      const schema = await readSchemaFile(file)
      const imported = await session.schemas.keep(schema, basename(file))
      return session.execute({ type: 'importSchema', schema, file: basename(file), imported })
    },

    diff: async () => {
      const { schemas, document } = bench.requireSession()
      const columns = schemas.diff(document)
      return columns ? { imported: document.imported, columns } : { imported: null, columns: [] }
    },

    export: async ({ path, force }) => {
      const file = resolve(path)
      const text = writeSchema(file, effectiveSchema(bench.requireSession().document))
      if (!force && (await exists(file)))
        throw new GraftError('already-exists', `${file} exists.`, replaceHint, {
          path: file,
        })
      await writeFileAtomic(file, text)
      return {}
    },
  }
}
