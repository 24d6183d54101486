import { spawn } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import process from 'node:process'

/** Whether a window can be shown: only on Linux is there such a thing as no display. */
export function hasDisplay() {
  return process.platform !== 'linux' || Boolean(process.env.DISPLAY || process.env.WAYLAND_DISPLAY)
}

/** @param {string} program @returns {string | null} its path, if it is on PATH */
export function findProgram(program) {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const path = join(folder, program)
    try {
      accessSync(path, constants.X_OK)
      return path
    } catch {
      continue
    }
  }
  return null
}

/**
 * A Chromium to open the served workbench with: GRAFT_CHROMIUM, else one that is installed.
 *
 * @returns {string | null}
 */
export function chromiumBinary() {
  if (process.env.GRAFT_CHROMIUM) return process.env.GRAFT_CHROMIUM
  if (process.platform === 'darwin') {
    const path = '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome'
    return findProgram('chromium') ?? (isExecutable(path) ? path : null)
  }
  const names = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome']
  return names.map(findProgram).find((path) => path !== null) ?? null
}

/** @param {string} path */
function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/**
 * Starts a display in memory, for tests on machines without a screen.
 *
 * @returns {Promise<{ display: string, stop: () => void } | null>} null where Xvfb is missing or does not start
 */
export async function startVirtualDisplay() {
  const program = findProgram('Xvfb')
  if (!program) return null
  // Xvfb chooses a free display and writes its number to the fourth stream.
  const parameters = ['-displayfd', '3', '-screen', '0', '1440x900x24', '-nolisten', 'tcp']
  const server = spawn(program, parameters, { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] })
  const number = await new Promise(
    /** @param {(number: string | null) => void} resolve */ (resolve) => {
      server.once('error', () => resolve(null))
      server.once('exit', () => resolve(null))
      // The number and the end of its line are written one after the other, and Xvfb ends where the second finds nobody.
      let said = ''
      server.stdio[3]?.on('data', (chunk) => {
        said += String(chunk)
        if (said.includes('\n')) resolve(said.trim())
      })
    },
  )
  server.stdio[3]?.destroy()
  if (!number) return null
  server.unref()
  const stop = () => {
    server.kill()
  }
  process.once('exit', stop)
  return { display: `:${number}`, stop }
}
