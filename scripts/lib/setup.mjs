import { createInterface } from 'node:readline/promises'
import { dirname, resolve } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { ensureBuild } from './build.mjs'
import { electronBinary, provisionElectron } from './electron.mjs'
import { engineFolder, provisionEngine } from './engine.mjs'
import { findGpus, gpuDownloadBytes } from './engine/gpu.mjs'
import { recipeFor } from './engine/versions.mjs'
import { ensurePackages } from './packages.mjs'
import { peerIsReady, provisionPeer } from './peer.mjs'
import { formatBytes, say, step } from './terminal.mjs'

/** The project's folder. */
export const root = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..')

/** npm packages and the build: what every command needs. */
export async function setUpProgram() {
  await setUpPackages()
  await setUpBuild()
}

export function setUpPackages() {
  return step('npm packages', (report) => ensurePackages(root, report))
}

export function setUpBuild() {
  return step('Build', (report) => ensureBuild(root, report))
}

/**
 * TensorFlow. Where there is an NVIDIA driver the GPU's build is offered, and only offered: it is a download of several
 * gigabytes. GRAFT_ENGINE_DEVICE answers for those who cannot be asked.
 *
 * @param {{ keepWheels?: boolean, askForGpu?: boolean }} [options]
 */
export async function setUpEngine({ keepWheels = false, askForGpu = false } = {}) {
  if (engineFolder()) return
  const device = await chooseDevice(askForGpu)
  await step('TensorFlow', (report) =>
    provisionEngine({ device, packages: root, keepWheels, onProgress: report }),
  )
}

/** @param {boolean} ask @returns {Promise<'cpu' | 'gpu'>} */
async function chooseDevice(ask) {
  const named = process.env.GRAFT_ENGINE_DEVICE
  if (named === 'cpu' || named === 'gpu') return named
  if (!recipeFor('gpu', process.platform, process.arch)) return 'cpu'
  const gpus = await findGpus()
  const gpu = gpus[0]
  if (!gpu) return 'cpu'
  const offer = `${gpu.name} (driver ${gpu.driver}): TensorFlow for GPUs is a download of about ${formatBytes(gpuDownloadBytes)}`
  if (!ask || !process.stdin.isTTY || !process.stderr.isTTY) {
    say(`${offer}. Taking the CPU's; GRAFT_ENGINE_DEVICE=gpu says otherwise.`)
    return 'cpu'
  }
  const prompt = createInterface({ input: process.stdin, output: process.stderr })
  const answer = await prompt.question(`${offer}. Download it? [y/N] `)
  prompt.close()
  return /^y(es)?$/i.test(answer.trim()) ? 'gpu' : 'cpu'
}

/**
 * Electron's runtime; that it is a stand-in is said each time.
 *
 * @returns {Promise<import('./electron.mjs').ElectronRuntime>}
 * @throws {import('./failure.mjs').SetupError} where none can be had; the workbench can then be served to a browser
 */
export async function setUpElectron() {
  const runtime =
    electronBinary(root) ??
    (await step('Electron', (report) =>
      provisionElectron({ root, onProgress: (progress) => report({ ...progress, unit: 'bytes' }) }),
    ))
  if (runtime.standIn) {
    say(
      `Electron ${runtime.version} is a stand-in for the current one, which could not be downloaded: years old, fit`,
    )
    say(
      'for a look and for tests. Set ELECTRON_MIRROR or ELECTRON_OVERRIDE_DIST_PATH to get a current Electron.',
    )
  }
  return runtime
}

export async function setUpPeer() {
  if (peerIsReady(root)) return
  await step('Python environment of the peer tests', (report) => {
    let done = 0
    const label = 'Installing TensorFlow, pandas and their kin for Python'
    report({ label, done, total: 0, unit: 'packages' })
    return provisionPeer({
      root,
      onLine: (line) => {
        if (line.startsWith('Collecting ')) report({ label, done: ++done, total: 0, unit: 'packages' })
      },
    })
  })
}
