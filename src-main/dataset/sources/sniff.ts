import { GraftError } from '../../contract/errors'
import type { DelimitedOptions } from '../../contract/tables'

/** How a delimited text is read. */
export interface Dialect {
  delimiter: string
  quote: string
  header: boolean
  /** Names as they are used: unique whatever the case, none empty. */
  columns: string[]
}

/** Also the order of preference where two would do. */
const delimiters = [',', '\t', ';', '|', '::', ' ']

/**
 * Finds the dialect of a delimited text from its beginning: the delimiter that cuts the first record into most cells and
 * the following ones into as many; a header where no cell of the first record is a number, a date or empty.
 * @param text the first lines; a last line that may be cut off is left out by the caller
 * @throws GraftError `invalid-file` where there is nothing to read
 */
export function sniff(
  file: string,
  text: string,
  options: DelimitedOptions,
): { dialect: Dialect; warnings: string[] } {
  const quote = options.quote ?? '"'
  const body = text.replace(/^\ufeff/, '')
  const lines = body.split(/\r\n|\n|\r/).filter((line) => line.trim() !== '')
  if (lines.length === 0)
    throw new GraftError('invalid-file', `${file} has no text.`, 'Choose a file with rows.', { file })
  const delimiter = options.delimiter ?? chooseDelimiter(body, quote)
  const first = records(body, delimiter, quote, 1)[0] ?? []
  const header = options.header ?? isHeader(first)
  const warnings: string[] = []
  const columns = uniqueNames(header ? first : first.map(() => ''), (message) => {
    if (header) warnings.push(`${file}: ${message}`)
  })
  return { dialect: { delimiter, quote, header, columns }, warnings }
}

function chooseDelimiter(text: string, quote: string): string {
  let best = ','
  let bestScore = 0
  for (const delimiter of delimiters) {
    const cells = records(text, delimiter, quote, 50).map((record) => record.length)
    const width = cells[0] ?? 1
    if (width < 2) continue
    const agreeing = cells.filter((count) => count === width).length / cells.length
    // A space is in every sentence: it is a delimiter only where all lines agree.
    if (delimiter === ' ' && agreeing < 1) continue
    const score = agreeing + Math.min(width, 100) / 1000
    if (score > bestScore) [best, bestScore] = [delimiter, score]
  }
  return best
}

/** The first records of a text, quotes honoured (RFC 4180). */
export function records(text: string, delimiter: string, quote: string, most: number): string[][] {
  const found: string[][] = []
  let record: string[] = []
  let cell = ''
  let quoted = false
  let i = 0
  const endRecord = (): void => {
    record.push(cell)
    if (record.length > 1 || record[0] !== '') found.push(record)
    record = []
    cell = ''
  }
  while (i < text.length && found.length < most) {
    const character = text[i] ?? ''
    if (quoted) {
      if (character !== quote) cell += character
      else if (text[i + 1] === quote) {
        cell += quote
        i += 1
      } else quoted = false
    } else if (character === quote && cell === '') quoted = true
    else if (text.startsWith(delimiter, i)) {
      record.push(cell)
      cell = ''
      i += delimiter.length - 1
    } else if (character === '\n' || character === '\r') endRecord()
    else cell += character
    i += 1
  }
  if (found.length < most && (cell !== '' || record.length > 0)) endRecord()
  return found
}

function isHeader(cells: readonly string[]): boolean {
  return cells.every((cell) => {
    const text = cell.trim()
    const isNumber = text !== '' && Number.isFinite(Number(text))
    return !isNumber && !/^\d{4}-\d{2}-\d{2}/.test(text)
  })
}

/** What columns are called on their way through the import: a column of the table gets another name. */
const ownNames = ['graft_row', 'graft_part', 'graft_learnt_row', 'graft_id', 'file_row_number']

/** Names made unique (whatever the case, for tables of data do not tell it) and given where there is none. */
export function uniqueNames(names: readonly string[], tell: (message: string) => void): string[] {
  const taken = new Set(ownNames)
  return names.map((given, index) => {
    const plain = given.trim()
    const base = plain === '' ? `column_${index + 1}` : plain
    if (plain === '') tell(`column ${index + 1} has no name and is called ${base}`)
    let name = base
    for (let suffix = 2; taken.has(name.toLowerCase()); suffix++) name = `${base}_${suffix}`
    if (ownNames.includes(base.toLowerCase()))
      tell(`a column ${base} is Graft's own; yours is called ${name}`)
    else if (name !== base) tell(`there are several columns ${base}; one is called ${name}`)
    taken.add(name.toLowerCase())
    return name
  })
}
