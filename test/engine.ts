import { afterAll } from 'vitest'
import { engineFolder, type TensorFlow, loadTensorFlow } from '../src-main/tensorflow'

/** The engine for the tests: `npm test` has provisioned it, or GRAFT_ENGINE names a folder that holds one. */
export function testEngineFolder(): string {
  const folder = process.env.GRAFT_ENGINE ?? engineFolder()
  if (!folder) throw new Error('There is no TensorFlow: run `npm test` once, which fetches it.')
  return folder
}

/** TensorFlow for a test file. */
export function testTensorFlow(): TensorFlow {
  return loadTensorFlow(testEngineFolder())
}

/** The same, and a check after all tests that none of them left a tensor behind. */
export function leakCheckedTensorFlow(): TensorFlow {
  const tensorflow = testTensorFlow()
  const before = tensorflow.binding.getNumOfTensors()
  afterAll(() => {
    const left = tensorflow.binding.getNumOfTensors() - before
    if (left !== 0) throw new Error(`${left} native tensors were not deleted`)
  })
  return tensorflow
}
