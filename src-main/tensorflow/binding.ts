import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { TensorMetadata, TFEOpAttr, TFJSBinding } from '@tensorflow/tfjs-node-gpu/dist/tfjs_binding'
import { GraftError } from '../contract/errors'

/**
 * TensorFlow as tfjs-node's native part gives it. Its JavaScript part (a kernel a file, 1 s to load, a copy of every tensor)
 * is left out: the binding alone makes tensors, runs operations and SavedModel sessions.
 */
export interface TensorFlow {
  /** TensorFlow's own version, such as `2.21.0`. */
  readonly version: string
  readonly device: 'cpu' | 'gpu'
  readonly binding: Binding
}

/** What we use of the binding; its declared types say less than it gives (int64 comes as BigInt64Array). */
export interface Binding extends Pick<
  TFJSBinding,
  | 'createTensor'
  | 'deleteTensor'
  | 'executeOp'
  | 'loadSavedModel'
  | 'deleteSavedModel'
  | 'runSavedModel'
  | 'getNumOfTensors'
  | 'isUsingGpuDevice'
  | 'TF_ATTR_BOOL'
  | 'TF_ATTR_FLOAT'
  | 'TF_ATTR_INT'
  | 'TF_ATTR_SHAPE'
  | 'TF_ATTR_STRING'
  | 'TF_ATTR_TYPE'
  | 'TF_Version'
> {
  tensorDataSync(id: number): NativeData
}

export type NativeData = Float32Array | Int32Array | Uint8Array | BigInt64Array | Uint8Array[]
export type NativeTensor = TensorMetadata
export type NativeAttr = TFEOpAttr

const fileName = 'tfjs_binding.node'

/** One per process: TensorFlow cannot be loaded twice, nor with other settings. */
let loaded: { folder: string; tensorflow: TensorFlow } | null = null

export interface LoadOptions {
  /** Threads within one operation; TensorFlow's own choice (one a core) where it is left out. */
  readonly intraOpThreads?: number
  /** Operations that run at the same time; as above. */
  readonly interOpThreads?: number
}

/**
 * Loads TensorFlow from an engine folder, which provisioning makes: the binding, and beside it the libraries that it finds
 * by its own rpath. A second call for the same folder gives the same.
 * @throws GraftError `engine-missing` where the folder has no binding, `engine-failed` where it cannot be loaded.
 */
export function loadTensorFlow(engineFolder: string, options: LoadOptions = {}): TensorFlow {
  if (loaded?.folder === engineFolder) return loaded.tensorflow
  if (loaded)
    throw new GraftError(
      'engine-failed',
      `TensorFlow is already loaded from ${loaded.folder}.`,
      'Use one engine a process.',
    )
  const path = join(engineFolder, fileName)
  // Read by the libraries while they are loaded. Warnings and errors still come through.
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '2'
  if (options.intraOpThreads) process.env.TF_NUM_INTRAOP_THREADS = String(options.intraOpThreads)
  if (options.interOpThreads) process.env.TF_NUM_INTEROP_THREADS = String(options.interOpThreads)
  let binding: Binding
  try {
    const required: unknown = createRequire(path)(path)
    if (!isBinding(required)) throw new Error(`${path} is not tfjs-node's binding`)
    binding = required
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    const missing = error instanceof Error && 'code' in error && error.code === 'MODULE_NOT_FOUND'
    if (missing)
      throw new GraftError(
        'engine-missing',
        `There is no TensorFlow in ${engineFolder}.`,
        'Run `graft doctor`.',
      )
    throw new GraftError(
      'engine-failed',
      `TensorFlow in ${engineFolder} could not be loaded: ${reason}`,
      'Run `graft doctor`.',
    )
  }
  const device = binding.isUsingGpuDevice() ? 'gpu' : 'cpu'
  const tensorflow: TensorFlow = { version: binding.TF_Version, device, binding }
  loaded = { folder: engineFolder, tensorflow }
  return tensorflow
}

function isBinding(value: unknown): value is Binding {
  return typeof value === 'object' && value !== null && 'runSavedModel' in value && 'createTensor' in value
}
