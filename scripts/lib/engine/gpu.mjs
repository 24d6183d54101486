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
 * What TensorFlow 2.21's CUDA build loads besides itself: NVIDIA's wheels, as its `and-cuda` extra names them, without
 * the compiler (nvcc), which only XLA would use.
 */
export const cudaRequirements = [
  'nvidia-cublas-cu12>=12.5.3.2,<13.0',
  'nvidia-cuda-cupti-cu12>=12.5.82,<13.0',
  'nvidia-cuda-nvrtc-cu12>=12.5.82,<13.0',
  'nvidia-cuda-runtime-cu12>=12.5.82,<13.0',
  'nvidia-cudnn-cu12>=9.3.0.75,<10.0',
  'nvidia-cufft-cu12>=11.2.3.61,<12.0',
  'nvidia-curand-cu12>=10.3.6.82,<11.0',
  'nvidia-cusolver-cu12>=11.6.3.83,<12.0',
  'nvidia-cusparse-cu12>=12.5.1.3,<13.0',
  'nvidia-nccl-cu12>=2.27.7,<3.0',
  'nvidia-nvjitlink-cu12>=12.5.82,<13.0',
]

/** Bytes that the GPU engine downloads, about: said before asking. */
export const gpuDownloadBytes = 3.3e9
