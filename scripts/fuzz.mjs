#!/usr/bin/env node
/**
 * `npm run fuzz [-- OPTIONS]`: sets up what is missing, builds the fuzz run (test/fuzz) and feeds every parser of vector
 * files with damaged ones. `--help` tells the options.
 */
import { join } from 'node:path'
import process from 'node:process'
import { runAttached } from './lib/child.mjs'
import { buildFuzz } from './lib/fuzz.mjs'
import { requireNode } from './lib/node-version.mjs'
import { root, setUpPackages } from './lib/setup.mjs'
import { fail, step } from './lib/terminal.mjs'

requireNode()
try {
  await setUpPackages()
  await step('Build of the fuzz run', () => buildFuzz(root, join(root, 'out', 'fuzz')))
  const main = join(root, 'out', 'fuzz', 'main.mjs')
  process.exitCode = await runAttached(process.execPath, [main, root, ...process.argv.slice(2)])
} catch (error) {
  fail(error)
}
