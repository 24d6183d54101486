import {
  engineFolder as findEngineFolder,
  provisionEngine as provision,
  readManifest,
} from '../../scripts/lib/engine.mjs'

/**
 * TensorFlow's place on this machine. The work is done by `scripts/lib/engine.mjs`, which the set-up scripts share (they
 * run before anything is built or installed); this is the application's way to it.
 */
export { cacheFolder } from '../../scripts/lib/cache.mjs'

export type Device = 'cpu' | 'gpu'

export type EngineManifest = NonNullable<ReturnType<typeof readManifest>>

export interface EngineProgress {
  phase: 'download' | 'extract' | 'compile' | 'verify'
  /** What is being done, for people. */
  label: string
  done: number
  /** 0 until it is known. */
  total: number
  unit: 'bytes' | 'steps'
}

export interface ProvisionRequest {
  /** The cache folder; GRAFT_CACHE or the platform's when left out. */
  cache?: string
  /** `gpu` downloads more than a gigabyte: ask first. */
  device?: Device
  onProgress?: (progress: EngineProgress) => void
  signal?: AbortSignal
}

/**
 * The folder of the engine that is there and whole, or null. It holds `tfjs_binding.node`, TensorFlow's libraries and
 * `engine.json`.
 */
export function engineFolder(cache?: string): string | null {
  return findEngineFolder(cache)
}

/** What `engine.json` says, or null where the folder is no whole engine. */
export function engineManifest(folder: string): EngineManifest | null {
  return readManifest(folder)
}

/**
 * Puts TensorFlow into the cache, or finds it there.
 *
 * @returns the engine's folder
 * @throws an error with `code` (`engine-missing`, `engine-failed`, `cancelled`) and `hint`, which `toGraftError` maps
 */
export function provisionEngine(request: ProvisionRequest = {}): Promise<string> {
  return provision({ ...request, packages: __dirname })
}
