import { basename } from 'node:path'
import { GraftError, type ErrorCode } from '../contract/errors'
import { inputKind, roleOf, taskOf, type Column, type Schema } from '../schema'
import { identifier, parquetSource, type Duck } from './duckdb'

const integers = /^U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)$/
const numbers = /^(U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)|FLOAT|DOUBLE|DECIMAL\(.*\)|BOOLEAN)$/

/** The columns that a data set must have: features and targets. What is set aside may be missing. */
export function neededColumns(schema: Schema): Column[] {
  return schema.columns.filter((column) => roleOf(column) !== 'ignored')
}

/**
 * Checks that an already encoded Parquet file fits the schema: its columns and their types, ids within [0, domain max],
 * no nulls, finite numbers, binary targets of 0 and 1.
 * @returns the columns of the file that the schema does not have
 * @throws GraftError naming file, column and first row (0-based)
 */
export async function checkEncodedFile(duck: Duck, file: string, schema: Schema): Promise<string[]> {
  const types = await describeFile(duck, file)
  const columns = neededColumns(schema)
  for (const column of columns) checkType(file, column, types.get(column.name))
  const rules = columns.flatMap((column) => rulesOf(column))
  await checkValues(duck, file, rules)
  const known = new Set(schema.columns.map((column) => column.name))
  return [...types.keys()].filter((name) => !known.has(name))
}

/** Names and types of a Parquet file's columns. @throws GraftError `invalid-file` naming it */
export async function describeFile(duck: Duck, file: string): Promise<Map<string, string>> {
  try {
    const rows = await duck.all(`DESCRIBE SELECT * FROM ${parquetSource([file])}`)
    return new Map(rows.map((row) => [String(row.column_name), String(row.column_type)]))
  } catch (error) {
    if (!(error instanceof GraftError)) throw error
    const code: ErrorCode = error.code === 'internal' ? 'invalid-file' : error.code
    const message = error.message.includes(file) ? error.message : `${file}: ${error.message}`
    throw new GraftError(code, message, error.hint, { file })
  }
}

function checkType(file: string, column: Column, found: string | undefined): void {
  if (found === undefined)
    throw new GraftError(
      'unknown-column',
      `${basename(file)} has no column ${column.name}`,
      `The schema says that it is a ${roleOf(column)}: add it to the file, or set it aside in the schema.`,
      { file, column: column.name },
    )
  const element = column.isList ? found.replace(/\[[0-9]*\]$/, '') : found
  const isIds = inputKind(column) === 'categorical'
  if ((column.isList && element === found) || !(isIds ? integers : numbers).test(element))
    throw new GraftError(
      'invalid-data',
      `${basename(file)}, column ${column.name}: its type is ${found}, not ${column.isList ? 'lists of ' : ''}${isIds ? 'integers' : 'numbers'}`,
      isIds ? 'Encode its values as ids from 1; 0 stands for unknown.' : 'Convert it to numbers.',
      { file, column: column.name, type: found },
    )
}

/** One thing that a value may not be. */
interface Rule {
  column: string
  isList: boolean
  /** SQL over `x`, true for a value that is at fault. */
  fault: string
  code: ErrorCode
  what: string
  hint: string
}

function rulesOf(column: Column): Rule[] {
  const base = { column: column.name, isList: column.isList }
  const rules: Rule[] = [
    {
      ...base,
      fault: 'x IS NULL',
      code: 'invalid-data',
      what: 'is null',
      hint: 'Fill or drop such rows; id 0 stands for unknown.',
    },
  ]
  if (inputKind(column) === 'categorical') {
    const max = column.domain?.max ?? null
    if (max === null)
      throw new GraftError(
        'invalid-schema',
        `column ${column.name} is categorical but its domain has no maximum`,
        'Set the largest id of the column in the schema.',
      )
    rules.push({
      ...base,
      fault: `x < 0 OR x > ${max}`,
      code: 'invalid-data',
      what: `is outside of its domain [0, ${max}]`,
      hint: 'Correct the ids, or the domain in the schema.',
    })
    return rules
  }
  rules.push({
    ...base,
    fault: 'NOT isfinite(x::FLOAT)',
    code: 'non-finite',
    what: 'is not a finite number',
    hint: 'Replace NaN and infinity.',
  })
  if (roleOf(column) === 'target' && taskOf(column) === 'binary')
    rules.push({
      ...base,
      fault: 'x::DOUBLE NOT IN (0, 1)',
      code: 'invalid-target',
      what: 'is neither 0 nor 1',
      hint: 'A binary target holds zeros and ones.',
    })
  return rules
}

/** What is asked of a column's values, as a text: the same for columns of which the same is asked. */
export function checksOf(column: Column): string {
  const type = inputKind(column) === 'categorical' ? 'ids' : 'numbers'
  return [type, ...rulesOf(column).map(faultOf)].join('; ')
}

/** Whether a row is at fault, as SQL. A list is at fault where it is null or one of its items is. */
function faultOf(rule: Rule): string {
  const name = identifier(rule.column)
  if (!rule.isList) return `(${rule.fault.replace(/\bx\b/g, () => name)})`
  const items = `len(list_filter(${name}, x -> coalesce(${rule.fault}, false))) > 0`
  return rule.fault === 'x IS NULL' ? `(${name} IS NULL OR ${items})` : `coalesce(${items}, false)`
}

async function checkValues(duck: Duck, file: string, rules: readonly Rule[]): Promise<void> {
  if (rules.length === 0) return
  const source = parquetSource([file], 'file_row_number = true')
  const counts = rules.map((rule, index) => `count(*) FILTER (WHERE ${faultOf(rule)}) AS c${index}`)
  const [found] = await duck.all(`SELECT ${counts.join(', ')} FROM ${source}`)
  for (const [index, rule] of rules.entries()) {
    const count = Number(found?.[`c${index}`] ?? 0)
    if (count === 0) continue
    const [first] = await duck.all(
      `SELECT file_row_number AS row, ${identifier(rule.column)} AS value FROM ${source} WHERE ${faultOf(rule)} ORDER BY file_row_number LIMIT 1`,
    )
    const row = Number(first?.row ?? 0)
    const value = first?.value ?? null
    throw new GraftError(
      rule.code,
      `${basename(file)}, column ${rule.column}, row ${row}: ${value === null ? 'the value' : `the value ${String(value)}`} ${rule.what} (${count} ${count === 1 ? 'row' : 'rows'} in all)`,
      rule.hint,
      { file, column: rule.column, row, count },
    )
  }
}
