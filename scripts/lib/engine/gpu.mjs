import { runCommand } from '../command.mjs'

/**
 * @typedef {object} Gpu
 * @property {string} name
 * @property {string} driver
 * @property {number} memoryBytes
 */

/**
 * The NVIDIA GPUs that the driver knows; empty where there is no driver.
 *
 * @param {AbortSignal} [signal]
 * @returns {Promise<Gpu[]>}
 */
export async function findGpus(signal) {
  const query = ['--query-gpu=name,driver_version,memory.total', '--format=csv,noheader,nounits']
  const result = await runCommand('nvidia-smi', query, { signal })
  if (result.status !== 0) return []
  return result.stdout
    .trim()
    .split(/\r?\n/)
    .map((line) => line.split(',').map((part) => part.trim()))
    .flatMap(([name, driver, mebibytes]) =>
      name && driver ? [{ name, driver, memoryBytes: Number(mebibytes) * 2 ** 20 }] : [],
    )
}

/**
 * What TensorFlow 2.21's CUDA build needs besides itself: NVIDIA's wheels, as its `and-cuda` extra names them.
 *
 * @type {string[]}
 */
export const cudaRequirements = []

/** Bytes that the GPU engine downloads, about: said before asking. */
export const gpuDownloadBytes = 0
