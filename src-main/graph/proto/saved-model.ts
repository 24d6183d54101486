import { randomBytes } from 'node:crypto'
import { copyFile, mkdir, open, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { GraphError } from '../errors'
import type { Graph, Node, Tensor } from '../graph'
import type { Saver } from '../saver'
import type { Variable } from '../variables'
import { graphMessage, tensorInfo } from './encode'
import { encodeSavedModel, encodeVariable, type MetaGraphMessage, type TensorInfoMessage } from './messages'

/** A callable of the model: names by which a caller gives and gets tensors. */
export interface Signature {
  readonly inputs: Readonly<Record<string, Tensor>>
  readonly outputs: Readonly<Record<string, Tensor>>
}

/** A file that travels with the model; `tensor` is the string constant that holds its path once it is loaded. */
export interface Asset {
  readonly tensor: Tensor
  readonly source: string
  /** The name under `assets/`. */
  readonly filename: string
}

export interface SavedModelContent {
  readonly graph: Graph
  readonly signatures: Readonly<Record<string, Signature>>
  /** Without one the model has no variables on disk: whoever loads it must initialise them. */
  readonly saver?: Saver
  /** Listed for Python's `.variables`; needed only where a saver is. */
  readonly variables?: readonly Variable[]
  readonly assets?: readonly Asset[]
  /** Run once after loading, such as the initialisation of lookup tables. */
  readonly mainOp?: Node
}

function infos(tensors: Readonly<Record<string, Tensor>>): Record<string, TensorInfoMessage> {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, tensorInfo(tensor)]))
}

/** Python's loader wants an operation by this name, and leaves it to the saver to run it: the assignment that restores. */
function initializerOf(graph: Graph, { name, handle }: Variable): string {
  const assignment = graph.nodes.find((node) => node.op === 'AssignVariableOp' && node.inputs[0] === handle)
  if (!assignment)
    throw new GraphError(
      'internal',
      `Nothing assigns a value to "${name}".`,
      'List variables together with a saver.',
    )
  return assignment.name
}

/** The bytes of `saved_model.pb`. */
export function savedModelBytes(content: SavedModelContent): Uint8Array {
  const { graph, signatures, saver, variables = [], assets = [], mainOp } = content
  const collections: NonNullable<MetaGraphMessage['collection_def']> = {}
  if (mainOp) collections.saved_model_main_op = { node_list: { value: [mainOp.name] } }
  const definitions = (chosen: readonly Variable[]) => ({
    bytes_list: {
      value: chosen.map((variable) =>
        encodeVariable({
          variable_name: `${variable.handle.node.name}:0`,
          initializer_name: initializerOf(graph, variable),
          snapshot_name: variable.read().name,
          is_resource: true,
          initial_value_name: '',
          trainable: variable.trainable,
        }),
      ),
    },
  })
  if (variables.length > 0) {
    collections.variables = definitions(variables)
    collections.trainable_variables = definitions(variables.filter((variable) => variable.trainable))
  }
  const meta: MetaGraphMessage = {
    meta_info_def: { tags: ['serve'], tensorflow_version: '2.21.0', stripped_default_attrs: false },
    graph_def: graphMessage(graph),
    collection_def: collections,
    signature_def: Object.fromEntries(
      Object.entries(signatures).map(([name, { inputs, outputs }]) => [
        name,
        { inputs: infos(inputs), outputs: infos(outputs), method_name: 'tensorflow/serving/predict' },
      ]),
    ),
    asset_file_def: assets.map(({ tensor, filename }) => ({ tensor_info: tensorInfo(tensor), filename })),
  }
  if (saver)
    meta.saver_def = {
      filename_tensor_name: saver.prefix.name,
      save_tensor_name: saver.saved.name,
      restore_op_name: saver.restored.name,
      max_to_keep: 0,
      sharded: false,
      version: 2,
    }
  const bytes = encodeSavedModel({ saved_model_schema_version: 1, meta_graphs: [meta] })
  if (bytes.length >= 2 ** 31)
    throw new GraphError(
      'internal',
      'The graph is over 2 GB.',
      'Large tables belong into files, not into constants.',
    )
  return bytes
}

/**
 * Writes a SavedModel folder, all of it or nothing: it is built under a temporary name beside `dir` and renamed.
 * Variables are not written here, as only a running session has them: run the saver with the prefix
 * `<dir>/variables/variables`.
 * @throws GraphError `already-exists` where `dir` exists; file system errors as they come.
 */
export async function writeSavedModel(dir: string, content: SavedModelContent): Promise<void> {
  const bytes = savedModelBytes(content)
  const temporary = join(dirname(dir), `.${basename(dir)}.${randomBytes(6).toString('hex')}`)
  await mkdir(temporary, { recursive: true })
  try {
    await writeDurably(join(temporary, 'saved_model.pb'), bytes)
    if (content.assets?.length) await mkdir(join(temporary, 'assets'))
    for (const asset of content.assets ?? [])
      await copyFile(asset.source, join(temporary, 'assets', asset.filename))
    await rename(temporary, dir)
  } catch (error) {
    await rm(temporary, { recursive: true, force: true })
    if (isCode(error, 'ENOTEMPTY') || isCode(error, 'EEXIST') || isCode(error, 'ENOTDIR'))
      throw new GraphError('already-exists', `${dir} exists already.`, 'Choose another folder.')
    throw error
  }
}

async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'wx')
  try {
    await file.writeFile(bytes)
    await file.sync()
  } finally {
    await file.close()
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
