import { join } from 'node:path'
import process from 'node:process'
import { lastLines, runCommand } from '../command.mjs'
import { SetupError } from '../failure.mjs'

/** [[1, 2], [3, 4]] · [[5, 6], [7, 8]], in a process of its own: a library that does not fit may end it. */
const trial = `
const binding = require(process.argv[1])
const a = binding.createTensor([2, 2], binding.TF_FLOAT, new Float32Array([1, 2, 3, 4]))
const b = binding.createTensor([2, 2], binding.TF_FLOAT, new Float32Array([5, 6, 7, 8]))
const attributes = [
  { name: 'transpose_a', type: binding.TF_ATTR_BOOL, value: false },
  { name: 'transpose_b', type: binding.TF_ATTR_BOOL, value: false },
  { name: 'T', type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT },
]
const [product] = binding.executeOp('MatMul', attributes, [a, b], 1)
const values = Array.from(binding.tensorDataSync(product.id))
console.log(JSON.stringify({ version: binding.TF_Version, gpu: binding.isUsingGpuDevice(), values }))
`

/**
 * Loads the engine in a child process and multiplies two small matrices.
 *
 * @param {string} engine folder with tfjs_binding.node
 * @param {AbortSignal} [signal]
 * @returns {Promise<{ version: string, gpu: boolean }>} what TensorFlow says of itself
 * @throws {SetupError} `engine-failed`, `cancelled`
 */
export async function verifyEngine(engine, signal) {
  const env = { ...process.env, ELECTRON_RUN_AS_NODE: '1', TF_CPP_MIN_LOG_LEVEL: '2' }
  const result = await runCommand(process.execPath, ['-e', trial, join(engine, 'tfjs_binding.node')], {
    env,
    signal,
  })
  const line = result.stdout.trim().split('\n').pop() ?? ''
  if (result.status === 0 && line.startsWith('{')) {
    const { version, gpu, values } = JSON.parse(line)
    if (String(values) === '19,22,43,50') return { version, gpu }
  }
  throw new SetupError(
    'engine-failed',
    `TensorFlow was built but does not run here: ${lastLines(result)}`,
    'The machine may lack what TensorFlow needs (glibc 2.27 and a processor with AVX on Linux). Send us this message.',
  )
}
