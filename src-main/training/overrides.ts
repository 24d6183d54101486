import { GraftError } from '../contract/errors'
import { projectDocument, tableUse, type ProjectDocument } from '../contract/document'
import type { TrainOverrides } from '../contract/runs'
import { isTable } from '../project/edits'

type Plain = Record<string, unknown>

function isPlain(value: unknown): value is Plain {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The document with what one run sets differently. The project's own document stays as it is. */
export function applyOverrides(document: ProjectDocument, overrides: TrainOverrides): ProjectDocument {
  const { target, model, epochs, batchSize, optimizer, learningRate, seed, shuffle, set = [] } = overrides
  let result = document
  for (const { path, value } of set) result = setPath(withUse(result, path), path, value)
  const training = { ...result.training }
  if (epochs !== undefined) training.epochs = epochs
  if (batchSize !== undefined) training.batchSize = batchSize
  if (seed !== undefined) training.seed = seed
  if (shuffle !== undefined) training.shuffle = shuffle
  // Settings of one optimizer or architecture mean nothing to another.
  if (optimizer !== undefined && optimizer !== training.optimizer.name)
    training.optimizer = { name: optimizer, settings: {} }
  if (learningRate !== undefined)
    training.optimizer = {
      ...training.optimizer,
      settings: { ...training.optimizer.settings, learningRate },
    }
  return check({
    ...result,
    training,
    target: target ?? result.target,
    model:
      model !== undefined && model !== result.model.architecture
        ? { architecture: model, settings: {} }
        : result.model,
  })
}

function check(document: unknown): ProjectDocument {
  const parsed = projectDocument.safeParse(document)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const path = issue?.path.map(String).join('.') ?? ''
  throw new GraftError(
    'invalid-setting',
    `${path}: ${issue?.message ?? 'does not fit'}.`,
    'Correct the value.',
    {
      path,
    },
  )
}

/** `uses.TABLE.FIELD` may be set of any table: what the document does not say of its use is as usual. */
function withUse(document: ProjectDocument, path: string): ProjectDocument {
  const [place, table] = path.split('.')
  if (place !== 'uses' || table === undefined || document.uses[table] || !isTable(document, table))
    return document
  return { ...document, uses: { ...document.uses, [table]: tableUse.parse({}) } }
}

/** `--set path=value`: sets one field of graft.json, such as `training.optimizer.settings.learningRate`. */
function setPath(document: ProjectDocument, path: string, value: unknown): ProjectDocument {
  const keys = path.split('.')
  const changed: unknown = structuredCopy(document)
  let place: unknown = changed
  for (const key of keys.slice(0, -1)) place = isPlain(place) && has(place, key) ? place[key] : undefined
  const last = keys[keys.length - 1] ?? ''
  const result = isPlain(place) ? { place } : null
  // Own fields alone: a path such as `__proto__.x` must not reach what all objects share.
  if (result && last !== '__proto__') result.place[last] = value
  const parsed = result ? check(changed) : null
  // A field that the document does not have is dropped when it is read again.
  if (!parsed || !hasPath(parsed, keys))
    throw new GraftError(
      'invalid-setting',
      `graft.json has no ${path}.`,
      'Give a path such as training.epochs or model.settings.crossLayers.',
      { path },
    )
  return parsed
}

/** The document is JSON by its nature. */
function structuredCopy(document: ProjectDocument): unknown {
  return JSON.parse(JSON.stringify(document))
}

const has = (place: Plain, key: string): boolean => Object.prototype.hasOwnProperty.call(place, key)

function hasPath(value: unknown, keys: readonly string[]): boolean {
  const [key, ...rest] = keys
  if (key === undefined) return true
  return isPlain(value) && has(value, key) && hasPath(value[key], rest)
}
