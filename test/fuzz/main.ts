import { mkdtemp, rm } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { fuzzAll, parsers } from './run'

const usage = `npm run fuzz [-- OPTIONS]
  --parser NAME,…  ${parsers.join(', ')} (all)
  --seconds N      for each parser (60)
  --seed N         of the first case; each case's seed is one more (now)`

/** The set-up script gives the repository first. */
const [root = '', ...given] = process.argv.slice(2)
const { values } = parseArgs({
  args: given,
  options: {
    parser: { type: 'string' },
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string' },
    help: { type: 'boolean', short: 'h', default: false },
  },
})

async function run(): Promise<number> {
  const names = values.parser?.split(',') ?? [...parsers]
  const known = new Set<string>(parsers)
  const unknown = names.filter((name) => !known.has(name))
  const seconds = Number(values.seconds)
  const seed = values.seed === undefined ? Date.now() % 2 ** 31 : Number(values.seed)
  if (unknown.length > 0 || !(seconds > 0) || !Number.isInteger(seed)) throw new Error(usage)
  const scratch = await mkdtemp(join(tmpdir(), 'graft-fuzz-'))
  try {
    const options = {
      child: join(root, 'out', 'fuzz', 'child.mjs'),
      scratch,
      fixtures: join(root, 'test', 'fixtures', 'vectors'),
      keep: join(root, 'out', 'fuzz-failures'),
      seconds,
      seed,
    }
    console.log(`Seed ${seed}, ${seconds} s a parser; what fails is kept in ${options.keep}`)
    const results = await fuzzAll(names, options, Math.max(1, Math.min(8, cpus().length - 1)), (result) => {
      const { parser, cases, read, peakMegabytes, failure } = result
      const told = `${cases} files, ${read} of them readable, ${peakMegabytes.toFixed(0)} MB above idle`
      console.log(
        `${failure === null ? '✓' : '✗'} ${parser}: ${told}${failure === null ? '' : `\n  ${failure}`}`,
      )
    })
    return results.some(({ failure }) => failure !== null) ? 1 : 0
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

if (values.help) console.log(usage)
else {
  try {
    process.exitCode = await run()
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error))
    process.exitCode = 1
  }
}
