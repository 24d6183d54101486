import { mkdtemp, rm } from 'node:fs/promises'
import { cpus, loadavg, tmpdir, totalmem } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import type { Bench, Report } from './bench'
import { decimal, formatReport, formatVerdicts } from './format'
import { Graft } from './graft'
import { attach } from './sections/attach'
import { rawImport } from './sections/import'
import { latency } from './sections/latency'
import { memory } from './sections/memory'
import { streaming } from './sections/streaming'
import { tables } from './sections/tables'
import { training } from './sections/training'

/** Sections by the name that `--only` takes. */
const sections: Readonly<Record<string, (bench: Bench) => Promise<Report>>> = {
  'training-186': (bench) => training(bench, 'merlin'),
  'training-335': (bench) => training(bench, 'schema'),
  tables,
  memory,
  latency,
  attach,
  streaming,
  import: rawImport,
}

const usage = `npm run bench [-- OPTIONS]
  --only NAME,…   sections: ${Object.keys(sections).join(', ')}
  --turns N       turns of each contestant (5)
  --epochs N      epochs of a turn (4)
  --gibibytes N   size of the Parquet files of 'streaming' (8)
  --keep DIR      keeps the datasets of 'streaming' in DIR, and takes them from there the next time
  --rows N        rows of the table of 'import' (10000000)
  --check         exit status 1 where a goal is missed
  --json          one JSON document on standard output
GRAFT_CACHE names the folder that the peers' environments are kept in.`

/** The set-up script gives the repository and the engine's folder first. */
const [root = '', engine = '', ...given] = process.argv.slice(2)
const { values } = parseArgs({
  args: given,
  options: {
    only: { type: 'string' },
    turns: { type: 'string', default: '5' },
    epochs: { type: 'string', default: '4' },
    gibibytes: { type: 'string', default: '8' },
    keep: { type: 'string' },
    rows: { type: 'string', default: '10000000' },
    check: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
})

const said = (line: string): void => void process.stderr.write(`${line}\n`)

function wholeNumber(name: string, text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1)
    throw new Error(`--${name} takes a whole number from 1, not ${text}.`)
  return value
}

function machine(): string {
  const [first] = cpus()
  const load = loadavg()[0] ?? 0
  return `${cpus().length} × ${first?.model.trim()}, ${Math.round(totalmem() / 1e9)} GB, Node ${process.version}, load ${decimal(load, 1)}`
}

async function run(): Promise<number> {
  const names = values.only?.split(',') ?? Object.keys(sections)
  const unknown = names.filter((name) => !Object.hasOwn(sections, name))
  if (unknown.length > 0) throw new Error(`There is no section ${unknown.join(', ')}.\n${usage}`)
  const scratch = await mkdtemp(join(tmpdir(), 'graft-bench-'))
  const before = machine()
  const bench: Bench = {
    root,
    engine,
    scratch,
    // A home of its own: the person's list of recent projects is not the bench's to fill.
    graft: new Graft(join(root, 'out', 'main', 'cli.cjs'), { GRAFT_HOME: join(scratch, 'home') }),
    turns: wholeNumber('turns', values.turns),
    rows: wholeNumber('rows', values.rows),
    epochs: wholeNumber('epochs', values.epochs),
    gibibytes: wholeNumber('gibibytes', values.gibibytes),
    kept: values.keep === undefined ? null : resolve(process.env.INIT_CWD ?? '', values.keep),
    said,
  }
  try {
    const reports: Report[] = []
    for (const name of names) {
      const report = await sections[name]?.(bench)
      if (!report) continue
      reports.push(report)
      // Tables are shown as they come; a document is one.
      if (!values.json) process.stdout.write(`\n${formatReport(report)}\n\n`)
    }
    print(before, reports)
    return values.check && reports.some(({ verdicts }) => verdicts.some(({ met }) => met === false)) ? 1 : 0
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

function print(before: string, reports: readonly Report[]): void {
  const load = decimal(loadavg()[0] ?? 0, 1)
  if (values.json) {
    const document = { machine: before, loadAfter: Number(load), at: new Date().toISOString(), reports }
    process.stdout.write(`${JSON.stringify(document, null, 2)}\n`)
    return
  }
  process.stdout.write(`${before}; load at the end ${load}\n\n${formatVerdicts(reports)}\n`)
}

if (values.help) said(usage)
else {
  try {
    process.exitCode = await run()
  } catch (error) {
    said(error instanceof Error ? error.message : String(error))
    process.exitCode = 1
  }
}
