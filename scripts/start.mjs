#!/usr/bin/env node
/**
 * `npm start`: sets up what is missing, then opens the window. Where there is no display it trains the sample in the
 * terminal and serves the workbench on localhost; where there is no Electron to be had it only serves.
 */
import { join } from 'node:path'
import process from 'node:process'
import { runAttached } from './lib/child.mjs'
import { hasDisplay } from './lib/display.mjs'
import { electronFlags } from './lib/electron.mjs'
import { requireNode } from './lib/node-version.mjs'
import { trainSample } from './lib/sample.mjs'
import { root, setUpElectron, setUpEngine, setUpProgram } from './lib/setup.mjs'
import { fail, say, sayFailure } from './lib/terminal.mjs'

requireNode()
process.env.INIT_CWD ??= process.cwd()
const parameters = process.argv.slice(2)

try {
  await setUpProgram()
  process.exitCode = hasDisplay() ? await openWindow() : await useTerminal()
} catch (error) {
  fail(error)
}

/** @returns {Promise<number>} exit status */
async function openWindow() {
  // Without TensorFlow there is still data to look at, and the window offers to try again.
  await setUpEngine({ askForGpu: true }).catch(sayFailure)
  const runtime = await setUpElectron().catch((error) => {
    say(`${error.message} ${error.hint ?? ''}`)
    say('Serving the workbench to a browser instead.')
    return null
  })
  if (!runtime) return serve()
  const flags = electronFlags()
  if (flags.length > 0)
    say('Running as root, so Chromium’s own sandbox is off (--no-sandbox). Prefer a normal user.')
  // Electron would run as plain Node with this variable, and show nothing.
  const { ELECTRON_RUN_AS_NODE: _, ...env } = process.env
  return runAttached(runtime.path, [...flags, root, ...parameters], { env })
}

/** @returns {Promise<number>} */
async function useTerminal() {
  await setUpEngine({ askForGpu: true })
  say('There is no display: training the sample here, then serving the workbench to a browser.')
  const status = await trainSample(root)
  return status === 0 ? serve() : status
}

/** @returns {Promise<number>} */
function serve() {
  return runAttached(process.execPath, [join(root, 'out', 'main', 'cli.cjs'), 'serve', ...parameters])
}
