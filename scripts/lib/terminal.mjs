import process from 'node:process'
import { SetupError, reasonOf } from './failure.mjs'

/**
 * Steps of the set-up in the terminal. Everything goes to standard error: standard output belongs to the commands.
 *
 * @typedef {object} StepProgress
 * @property {string} label
 * @property {number} done
 * @property {number} total 0 until it is known
 * @property {'bytes' | 'steps' | 'packages'} unit
 *
 * @typedef {(progress: StepProgress) => void} Report
 */

const out = process.stderr
const isLive = out.isTTY === true && process.env.CI !== 'true'
const bold = isLive
  ? (/** @type {string} */ text) => `\x1b[1m${text}\x1b[22m`
  : (/** @type {string} */ text) => text

/**
 * Runs one step and shows its progress: one line that changes on a terminal, a line a quarter in a log. A step that
 * ends within `quietMs` and reports nothing prints nothing, so that a second start says only what it did.
 *
 * @template T
 * @param {string} title
 * @param {(report: Report) => Promise<T>} work
 * @param {number} [quietMs]
 * @returns {Promise<T>}
 */
export async function step(title, work, quietMs = 300) {
  const started = Date.now()
  const line = progressLine()
  try {
    const result = await work(line.show)
    const seconds = (Date.now() - started) / 1000
    if (line.wasShown() || seconds * 1000 > quietMs) line.end(`✓ ${title} (${formatSeconds(seconds)})`)
    return result
  } catch (error) {
    line.end(`✗ ${title}`)
    throw error
  }
}

/** @param {string} text */
export function say(text) {
  out.write(`${text}\n`)
}

/** Says why the set-up failed and what to do. @param {unknown} error */
export function sayFailure(error) {
  say('')
  say(bold(reasonOf(error)))
  if (error instanceof SetupError) {
    if (error.hint) say(error.hint)
  } else if (error instanceof Error && error.stack) say(error.stack)
}

/** Says why the set-up failed and what to do, and ends the process. @param {unknown} error @returns {never} */
export function fail(error) {
  sayFailure(error)
  process.exit(1)
}

function progressLine() {
  let shown = ''
  let quarter = -1
  let last = 0
  /** @param {string} text */
  const rewrite = (text) => {
    const width = Math.max(20, (out.columns ?? 100) - 1)
    out.write(`\r\x1b[K${text.slice(0, width)}`)
  }
  return {
    /** @type {Report} */
    show({ label, done, total, unit }) {
      const share = total > 0 ? Math.min(1, done / total) : 0
      if (isLive) {
        const now = Date.now()
        if (now - last < 80 && done < total && label === shown) return
        last = now
        shown = label
        rewrite(`  ${label} ${total > 0 ? bar(share) : ''} ${amount(done, total, unit)}`)
        return
      }
      if (label !== shown) {
        shown = label
        quarter = -1
        if (total === 0 || unit === 'steps') say(`  ${label} …`)
      }
      const reached = Math.floor(share * 4)
      if (total === 0 || unit === 'steps' || reached <= quarter) return
      quarter = reached
      say(`  ${label}: ${amount(done, total, unit)}`)
    },
    wasShown: () => shown !== '',
    /** @param {string} text */
    end(text) {
      if (isLive && shown !== '') out.write('\r\x1b[K')
      say(text)
    },
  }
}

/** @param {number} share */
function bar(share) {
  const width = 24
  const filled = Math.round(share * width)
  return '█'.repeat(filled) + '░'.repeat(width - filled)
}

/** @param {number} done @param {number} total @param {StepProgress['unit']} unit */
function amount(done, total, unit) {
  const format = unit === 'bytes' ? formatBytes : String
  const noun = unit === 'packages' ? ' packages' : ''
  return total > 0 ? `${format(Math.min(done, total))} of ${format(total)}${noun}` : `${format(done)}${noun}`
}

/** Decimal units, as package indexes print them. @param {number} bytes */
export function formatBytes(bytes) {
  if (bytes >= 1e9) return `${(bytes / 1e9).toFixed(2)} GB`
  return bytes >= 1e6 ? `${(bytes / 1e6).toFixed(0)} MB` : `${(bytes / 1e3).toFixed(0)} kB`
}

/** @param {number} seconds */
function formatSeconds(seconds) {
  if (seconds >= 100) return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`
  return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`
}
