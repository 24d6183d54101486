import { cpus, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import {
  DuckDBInstance,
  type DuckDBConnection,
  type DuckDBDataChunk,
  type DuckDBResult,
  type DuckDBType,
  type DuckDBValue,
} from '@duckdb/node-api'
import { GraftError, toGraftError, type ErrorCode } from '../contract/errors'

export interface DuckOptions {
  /** Bytes that DuckDB may hold before it spills to disk; a quarter of the machine's memory, at most 4 GiB. */
  memoryLimit?: number
  threads?: number
  /** Where it spills. */
  tempFolder?: string
  /** Ends the work: the statement that runs is interrupted, and no other begins. */
  signal?: AbortSignal | undefined
}

/** How often a statement is interrupted until it ends: one that has not quite begun forgets an interruption. */
const interruptEvery = 20 // ms

/** From here on planning is what takes the time. */
const manyColumns = 300

/** An in-memory DuckDB with one connection, its errors turned into ours. Close it. */
export class Duck {
  /** Statements that are under way. */
  private underWay = 0
  /** Asked to close: what goes on interrupting until they have ended, or that nothing has to be. */
  private closing: NodeJS.Timeout | 'now' | null = null

  private constructor(
    private readonly instance: DuckDBInstance,
    readonly connection: DuckDBConnection,
    /** Ends the work that this database was opened for. */
    readonly signal: AbortSignal | undefined,
  ) {}

  static async open(options: DuckOptions = {}): Promise<Duck> {
    const memory = options.memoryLimit ?? Math.min(4 * 2 ** 30, Math.floor(totalmem() / 4))
    const instance = await DuckDBInstance.create(':memory:', {
      memory_limit: `${Math.max(64, Math.floor(memory / 2 ** 20))}MiB`,
      threads: String(options.threads ?? Math.max(1, Math.min(8, cpus().length))),
      temp_directory: options.tempFolder ?? join(tmpdir(), `graft-duckdb-${process.pid}`),
      // Nothing is ever fetched from the network, and rows keep the order of the file.
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
      preserve_insertion_order: 'true',
    })
    const connection = await instance.connect()
    // An instant is stored as it is in UTC, wherever the machine stands.
    await connection.run("SET GLOBAL TimeZone = 'UTC'")
    return new Duck(instance, connection, options.signal)
  }

  /** Runs a statement and returns all rows as objects. */
  async all(sql: string, values: DuckDBValue[] = []): Promise<Record<string, DuckDBValue>[]> {
    return this.guard(async () => (await this.connection.runAndReadAll(sql, values)).getRowObjects())
  }

  /** Runs a statement whose rows nobody needs. */
  async run(sql: string, values: DuckDBValue[] = []): Promise<void> {
    await this.guard(() => this.connection.run(sql, values))
  }

  /** Runs a statement and returns its columns whole: safe beside other statements, which would end a stream. */
  async columns(sql: string): Promise<DuckDBValue[][]> {
    return this.guard(async () => (await this.connection.runAndReadAll(sql)).getColumns())
  }

  /** Streams the rows of a query chunk by chunk (2,048 rows), in the order of the files. */
  chunks(sql: string, values: DuckDBValue[] = []): AsyncGenerator<DuckDBDataChunk> {
    return this.stream(this.connection, sql, values)
  }

  /** The same on a connection of its own, so that statements beside it do not end the stream. */
  async *chunksBeside(sql: string): AsyncGenerator<DuckDBDataChunk> {
    const connection = await this.guard(() => this.instance.connect())
    try {
      yield* this.stream(connection, sql, [])
    } finally {
      connection.closeSync()
    }
  }

  private async *stream(
    connection: DuckDBConnection,
    sql: string,
    values: DuckDBValue[],
  ): AsyncGenerator<DuckDBDataChunk> {
    const result: DuckDBResult = await this.guard(() => connection.stream(sql, values))
    for (;;) {
      const chunk = await this.guard(() => result.fetchChunk())
      if (!chunk || chunk.rowCount === 0) return
      yield chunk
    }
  }

  /** Names and types of a query's columns. */
  async schema(sql: string): Promise<{ name: string; type: DuckDBType }[]> {
    const result = await this.guard(() => this.connection.run(sql))
    return Array.from({ length: result.columnCount }, (_, index) => ({
      name: result.columnName(index),
      type: result.columnType(index),
    }))
  }

  /**
   * To be told of how many columns the next statements are. DuckDB compares every expression of a statement with every
   * other one, which takes longer than the work where there are thousands, and reads the foot of a Parquet file, which then
   * is large, for every statement anew.
   */
  async expectColumns(count: number): Promise<void> {
    if (count <= manyColumns) return
    await this.run("SET disabled_optimizers = 'common_subexpressions'")
    await this.run('SET parquet_metadata_cache = true')
  }

  /** Stops the statement that is running; it fails with `cancelled`. */
  interrupt(): void {
    this.connection.interrupt()
  }

  /**
   * Lets go of everything. Statements that are under way are interrupted, and fail with `cancelled`; the connection is closed
   * when the last of them has ended, since one that is closed under its statement now and then waits for itself for good.
   */
  close(): void {
    if (this.closing !== null) return
    if (this.underWay > 0) this.closing = setInterval(() => this.interrupt(), interruptEvery)
    else this.release()
  }

  private release(): void {
    if (this.closing !== null && this.closing !== 'now') clearInterval(this.closing)
    this.closing = 'now'
    this.connection.closeSync()
    this.instance.closeSync()
  }

  private async guard<T>(work: () => Promise<T>): Promise<T> {
    this.stopIfEnded()
    this.underWay += 1
    try {
      return await work()
    } catch (error) {
      this.stopIfEnded()
      throw duckError(error)
    } finally {
      this.underWay -= 1
      if (this.closing !== null && this.underWay === 0) this.release()
    }
  }

  private stopIfEnded(): void {
    stopIfAborted(this.signal)
    if (this.closing !== null) throw cancelled()
  }
}

/** Opens a DuckDB for one piece of work and closes it whatever happens. */
export async function withDuck<T>(work: (duck: Duck) => Promise<T>, options: DuckOptions = {}): Promise<T> {
  const { signal } = options
  const duck = await Duck.open(options)
  let again: NodeJS.Timeout | null = null
  const interrupt = (): void => {
    duck.interrupt()
    again = setTimeout(interrupt, interruptEvery)
  }
  signal?.addEventListener('abort', interrupt)
  try {
    return await work(duck)
  } catch (error) {
    stopIfAborted(signal)
    throw error
  } finally {
    signal?.removeEventListener('abort', interrupt)
    if (again) clearTimeout(again)
    duck.close()
  }
}

/** @throws GraftError `cancelled` */
export function stopIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw cancelled()
}

function cancelled(): GraftError {
  return new GraftError('cancelled', 'The work was cancelled.')
}

/** A name of a column or table, quoted. */
export function identifier(name: string): string {
  return `"${name.replace(/"/g, '""')}"`
}

/** A text, quoted. DuckDB's strings know no escapes but the doubled quote. */
export function literal(text: string): string {
  return `'${text.replace(/'/g, "''")}'`
}

/** A path whose characters that DuckDB would take for a pattern are escaped. */
export function escapePattern(path: string): string {
  return path.replace(/[*?[]/g, (character) => `[${character}]`)
}

/** A `read_parquet` over exactly these files, in this order. */
export function parquetSource(files: readonly string[], options = ''): string {
  const list = files.map((file) => literal(escapePattern(file)))
  return `read_parquet([${list.join(', ')}]${options ? `, ${options}` : ''})`
}

const faults: readonly [RegExp, ErrorCode, string][] = [
  [
    /No space left on device|max_temp_directory_size|Disk quota exceeded/i,
    'disk-full',
    'Free some space on that disk.',
  ],
  [/Read-only file system|Permission denied/i, 'read-only', 'Choose a folder that you may write to.'],
  [/^INTERRUPT|Interrupted!/i, 'cancelled', ''],
  [/^Out of Memory/i, 'out-of-memory', 'Close other programs, or use fewer rows or columns.'],
  [/No files found|No such file|does not exist/i, 'not-found', 'Check the path.'],
  [
    /magic bytes|too small to be a Parquet|TProtocol|Parquet|Snappy|ZSTD|corrupt|thrift|decompress/i,
    'invalid-file',
    'The file is damaged or is not Parquet: write it again.',
  ],
]

/** DuckDB's errors carry only a message; those that a person can act on get a code of ours. */
export function duckError(error: unknown): GraftError {
  if (error instanceof GraftError) return error
  if (!(error instanceof Error)) return toGraftError(error)
  for (const [pattern, code, hint] of faults)
    if (pattern.test(error.message)) return new GraftError(code, error.message, hint)
  return new GraftError('internal', error.message, 'This is a defect in Graft; the log has the details.', {
    stack: error.stack ?? '',
  })
}
