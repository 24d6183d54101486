#!/usr/bin/env node
/**
 * `npm test [-- PART… [vitest's own parameters]]`: sets up what is missing, then runs the tests: check (types, lint,
 * format), unit, renderer, faults, peer (against Python's TensorFlow), e2e (Electron and Chromium). On a machine without Python, a display or a
 * browser the parts that need them are left out and named. With CI=true nothing may be left out.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { runAttached } from './lib/child.mjs'
import { chromiumBinary, hasDisplay, startVirtualDisplay } from './lib/display.mjs'
import { reasonOf } from './lib/failure.mjs'
import { requireNode } from './lib/node-version.mjs'
import { npm } from './lib/packages.mjs'
import { root, setUpBuild, setUpElectron, setUpEngine, setUpPackages, setUpPeer } from './lib/setup.mjs'
import { say, sayFailure } from './lib/terminal.mjs'
import { readTally } from './lib/vitest-results.mjs'

const projects = ['check', 'unit', 'renderer', 'faults', 'peer', 'e2e']
const checks = ['check:types', 'check:lint', 'check:format']

requireNode()
const inCi = process.env.CI === 'true'
const parameters = process.argv.slice(2)
const named = parameters.filter((parameter) => projects.includes(parameter))
const passedOn = parameters.filter((parameter) => !projects.includes(parameter))
const wanted = named.length > 0 ? named : projects

/** @type {{ project: string, why: string }[]} */
const leftOut = []
/** What a project needs besides the program; it throws where that cannot be had. @type {Record<string, () => Promise<void>>} */
const needs = { peer: setUpPeer, e2e: setUpEndToEnd }

try {
  await setUpPackages()
  await setUpEngine({ keepWheels: true })
  await setUpBuild()
  const runnable = []
  for (const project of wanted) {
    try {
      await needs[project]?.()
      runnable.push(project)
    } catch (error) {
      if (inCi) throw error
      leftOut.push({ project, why: reasonOf(error) })
    }
  }
  process.exitCode = await runProjects(runnable)
} catch (error) {
  // Set-up that fails fails the tests; the tally stays the last line.
  sayFailure(error)
  console.log('0 passed, 1 failed')
  process.exitCode = 1
}

/** Electron, a browser, and a display for both. */
async function setUpEndToEnd() {
  await setUpElectron()
  if (!chromiumBinary()) throw new Error('There is no Chromium; install one or name it in GRAFT_CHROMIUM.')
  if (hasDisplay()) return
  const virtual = await startVirtualDisplay()
  if (!virtual) throw new Error('There is no display and no Xvfb to make one.')
  process.env.DISPLAY = virtual.display
}

/**
 * One project after the other: two suites that load TensorFlow at the same time would only disturb each other's times.
 *
 * @param {readonly string[]} runnable
 * @returns {Promise<number>} exit status
 */
async function runProjects(runnable) {
  const scratch = mkdtempSync(join(tmpdir(), 'graft-test-'))
  const total = { passed: 0, failed: 0, skipped: 0 }
  try {
    for (const project of runnable) {
      const tally = project === 'check' ? await runChecks() : await runVitest(project, scratch)
      say(`${project}: ${tally.passed} passed, ${tally.failed} failed, ${tally.skipped} skipped`)
      total.passed += tally.passed
      total.failed += tally.failed
      total.skipped += tally.skipped
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
  for (const { project, why } of leftOut) say(`${project}: left out. ${why}`)
  if (inCi && total.skipped > 0) {
    say(`${total.skipped} tests were skipped, and here none may be.`)
    total.failed += total.skipped
  }
  if (total.passed + total.failed === 0) total.failed = 1
  console.log(`${total.passed} passed, ${total.failed} failed`)
  return total.failed === 0 ? 0 : 1
}

/**
 * @param {string} project
 * @param {string} scratch
 */
async function runVitest(project, scratch) {
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
  const report = join(scratch, `${project}.json`)
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  const run = [vitest, 'run', '--root', root, '--project', project, ...reporters, ...passedOn]
  // vitest.config.ts is loaded as vitest 4 loads it by default; the notice on a later default helps nobody here.
  // TensorFlow's own notices (level 2: errors only) would bury what failed.
  const env = { TF_CPP_MIN_LOG_LEVEL: '2', ...process.env, VITE_CONFIG_NATIVE_IGNORE_WARNING: 'true' }
  return readTally(report, await runAttached(process.execPath, run, { cwd: root, env }))
}

/** Types, lint and format: each counts as one test. */
async function runChecks() {
  const tally = { passed: 0, failed: 0, skipped: 0 }
  const [program, ...prefix] = npm()
  for (const check of checks) {
    const status = await runAttached(program, [...prefix, 'run', '--silent', check], { cwd: root })
    say(`${check}: ${status === 0 ? 'passed' : 'failed'}`)
    if (status === 0) tally.passed += 1
    else tally.failed += 1
  }
  return tally
}
