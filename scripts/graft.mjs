#!/usr/bin/env node
/** `npm run --silent graft -- COMMAND`: the command line, after whatever set-up is still missing. */
import { join } from 'node:path'
import process from 'node:process'
import { runAttached } from './lib/child.mjs'
import { requireNode } from './lib/node-version.mjs'
import { root, setUpProgram } from './lib/setup.mjs'
import { fail } from './lib/terminal.mjs'

requireNode()
// npm says where the person stood in INIT_CWD, and runs us in the project's folder.
process.env.INIT_CWD ??= process.cwd()
try {
  await setUpProgram()
  process.exitCode = await runAttached(process.execPath, [
    join(root, 'out', 'main', 'cli.cjs'),
    ...process.argv.slice(2),
  ])
} catch (error) {
  fail(error)
}
