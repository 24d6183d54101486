#!/usr/bin/env node
/**
 * `npm run bench [-- OPTIONS]`: sets up what is missing, builds the bench (test/bench) and runs it. Its peers' Python
 * environments are made by the bench itself, at first use. `--help` tells the options.
 */
import { join } from 'node:path'
import process from 'node:process'
import { runAttached } from './lib/child.mjs'
import { engineFolder } from './lib/engine.mjs'
import { requireNode } from './lib/node-version.mjs'
import { root, setUpEngine, setUpProgram } from './lib/setup.mjs'
import { fail, step } from './lib/terminal.mjs'

requireNode()
try {
  await setUpProgram()
  // The Keras peer's environment takes its TensorFlow from the same wheel.
  await setUpEngine({ keepWheels: true })
  const engine = engineFolder()
  if (!engine) throw new Error('TensorFlow is not there although it was set up.')
  await step('Build of the bench', buildBench)
  const main = join(root, 'out', 'bench', 'main.mjs')
  process.exitCode = await runAttached(process.execPath, [main, root, engine, ...process.argv.slice(2)])
} catch (error) {
  fail(error)
}

/** The bench and its two peers in Node, each a program of its own. */
async function buildBench() {
  // Imported here: the packages may have been installed a moment ago.
  const { build } = await import('vite')
  const bench = join(root, 'test', 'bench')
  const input = {
    main: join(bench, 'main.ts'),
    eager: join(bench, 'peers', 'eager.ts'),
    limit: join(bench, 'peers', 'limit.ts'),
  }
  const output = { entryFileNames: '[name].mjs', chunkFileNames: 'chunks/[name]-[hash].mjs' }
  await build({
    root,
    configFile: false,
    logLevel: 'warn',
    build: { ssr: true, target: 'node20', outDir: 'out/bench', rolldownOptions: { input, output } },
  })
}
