import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  add,
  constant,
  decodeSavedModel,
  Graph,
  hashTable,
  identity,
  initializeFromLines,
  lookup,
  matMul,
  noOp,
  placeholder,
  randomUniform,
  runnable,
  saver,
  variable,
  writeSavedModel,
} from '../../../src-main/graph'
import { GraphSession } from '../../../src-main/tensorflow'
import { leakCheckedTensorFlow } from '../../engine'

const tensorflow = leakCheckedTensorFlow()
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'graft-model-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** y = x·kernel + bias, with a checkpoint. */
function model(seed: number) {
  const graph = new Graph()
  const x = placeholder(graph, 'x', 'float32', [graph.dimension('batch'), 3])
  const kernel = variable(graph, 'layer/kernel', 'float32', [3, 2])
  const bias = variable(graph, 'layer/bias', 'float32', [2])
  const draws = [kernel, bias].map((made, i) => made.assign(randomUniform(graph, made.shape, [seed, i])))
  const y = identity(add(matMul(x, kernel.read()), bias.read()), { name: 'y' })
  const variables = [kernel, bias]
  return { graph, x, y, variables, init: runnable(graph, 'init', draws), saver: saver(graph, variables) }
}

const rows = Float32Array.of(1, 2, 3, -1, 0, 0.5)

describe('a SavedModel', () => {
  it('written, saved into, and loaded from disk predicts the same', async () => {
    const { graph, x, y, variables, init, saver: nodes } = model(5)
    const path = join(folder, 'model')
    const signatures = { predict: { inputs: { x }, outputs: { y } } }
    await writeSavedModel(path, { graph, signatures, saver: nodes, variables })
    const session = await GraphSession.open(tensorflow, graph)
    session.run({}, [init.name])
    session.run({ [nodes.prefix.name]: [join(path, 'variables', 'variables')] }, [nodes.savedSignal.name])
    const [before] = session.run({ x: rows }, [y.name])
    session.dispose()
    expect((await readdir(join(path, 'variables'))).sort()).toEqual([
      'variables.data-00000-of-00001',
      'variables.index',
    ])

    // TensorFlow restores what it finds in `variables` by itself.
    const loaded = await GraphSession.load(tensorflow, path)
    expect(loaded.run({ x: rows }, ['y'])).toEqual([before])
    expect(() => loaded.run({ x: new Float32Array(4) }, ['y'])).toThrow(/"x:0"/)
    loaded.dispose()

    const other = await GraphSession.open(tensorflow, model(6).graph)
    other.run({}, ['init'])
    expect(other.run({ x: rows }, ['y'])).not.toEqual([before])
    other.run({ [nodes.prefix.name]: [join(path, 'variables', 'variables')] }, [nodes.restoredSignal.name])
    expect(other.run({ x: rows }, ['y'])).toEqual([before])
    other.dispose()
  })

  it('says what it holds', async () => {
    const { graph, x, y, variables, saver: nodes } = model(5)
    const path = join(folder, 'said')
    await writeSavedModel(path, {
      graph,
      signatures: { predict: { inputs: { x }, outputs: { y } } },
      saver: nodes,
      variables,
    })
    const file = decodeSavedModel(await readFile(join(path, 'saved_model.pb')))
    expect(file).toMatchObject({
      saved_model_schema_version: 1,
      meta_graphs: [
        {
          meta_info_def: { tags: ['serve'] },
          saver_def: {
            filename_tensor_name: 'save/Const:0',
            restore_op_name: 'save/restore_all',
            version: 2,
          },
          signature_def: {
            predict: {
              // A size with a name is unknown to TensorFlow.
              inputs: { x: { name: 'x:0', dtype: 1, tensor_shape: { dim: [{ size: -1 }, { size: 3 }] } } },
              outputs: { y: { name: 'y:0', dtype: 1 } },
            },
          },
        },
      ],
    })
  })

  it('initialises its lookup table from an asset as it is loaded', async () => {
    const source = join(folder, 'words.txt')
    await writeFile(source, 'zebra\naardvark\n')
    const graph = new Graph()
    const words = placeholder(graph, 'words', 'string', [-1])
    const path = constant(graph, 'words.txt', 'string', { name: 'asset_path' })
    const table = hashTable(graph, 'table', 'string', 'int64')
    const filled = initializeFromLines(table, path)
    const ids = identity(lookup(table, words, constant(graph, -1, 'int64')), { name: 'ids' })
    const mainOp = noOp(graph, { name: 'main_op', control: [filled] })
    const model = join(folder, 'lookup')
    const assets = [{ tensor: path, source, filename: 'words.txt' }]
    await writeSavedModel(model, {
      graph,
      signatures: { predict: { inputs: { words }, outputs: { ids } } },
      assets,
      mainOp,
    })
    const session = await GraphSession.load(tensorflow, model)
    expect(session.run({ words: ['aardvark', 'yak', 'zebra'] }, ['ids'])[0]?.data).toEqual(
      BigInt64Array.of(1n, -1n, 0n),
    )
    session.dispose()
  })

  it('is written whole or not at all, and never over another', async () => {
    const { graph } = model(5)
    const path = join(folder, 'once')
    await writeSavedModel(path, { graph, signatures: {} })
    await expect(writeSavedModel(path, { graph, signatures: {} })).rejects.toMatchObject({
      code: 'already-exists',
    })
    const tensor = constant(graph, 'gone', 'string')
    const assets = [{ tensor, source: join(folder, 'no-such-file'), filename: 'gone' }]
    await expect(writeSavedModel(join(folder, 'never'), { graph, signatures: {}, assets })).rejects.toThrow(
      /ENOENT/,
    )
    expect((await readdir(folder)).filter((name) => name.includes('never') || name.startsWith('.'))).toEqual(
      [],
    )
  })

  it('that is none, or damaged, is refused with its path', async () => {
    await expect(GraphSession.load(tensorflow, join(folder, 'nothing'))).rejects.toThrow(/nothing/)
    const path = join(folder, 'damaged')
    await writeSavedModel(path, { graph: model(5).graph, signatures: {} })
    await writeFile(join(path, 'saved_model.pb'), Buffer.from([0x12, 0xff, 0xff, 0x01, 0x00]))
    await expect(GraphSession.load(tensorflow, path)).rejects.toMatchObject({ code: 'invalid-file' })
  })
})
