import { z } from 'zod'
import {
  type Catalog,
  type CatalogEntry,
  type DocumentCommand,
  type ModelSummary,
  type ProjectDocument,
  columnEncoding,
  pooling,
  tableUse,
  trainingSettings,
} from '../contract'
import { architectures, findArchitecture, summarize } from '../model'
import { modelSpecOf } from '../project/modelSpec'
import { checkSettings } from '../training/checkSettings'
import { findOptimizer, optimizers } from '../training/optimizers'

/** The layers and sizes of the model that a document describes. @throws GraftError where it describes none */
export function summarizeModel(document: ProjectDocument): ModelSummary {
  checkSettings(findArchitecture(document.model.architecture), document.model.settings)
  const { name, settings } = document.training.optimizer
  checkSettings(findOptimizer(name), settings)
  const spec = modelSpecOf(document)
  const slots = findOptimizer(name).slots(settings)
  // Most edits (of tags, types, names) leave the model as it was, and building one of many columns takes a while.
  const key = JSON.stringify([spec, slots])
  if (last?.key !== key) last = { key, summary: summarize(spec, slots) }
  return last.summary
}

let last: { key: string; summary: ModelSummary } | null = null

/**
 * Checks what a command sets in settings whose form only the architecture or the optimizer knows.
 * @throws GraftError `invalid-setting` naming the field
 */
export function checkCommand(command: DocumentCommand): void {
  if (command.type === 'setModel')
    checkSettings(findArchitecture(command.model.architecture), command.model.settings)
  if (command.type === 'setTraining' && command.changes.optimizer)
    checkSettings(findOptimizer(command.changes.optimizer.name), command.changes.optimizer.settings)
}

/** What can be chosen, with the forms to set it: JSON Schema made of the very schemas that check the settings. */
export function listCatalog(): Catalog {
  return {
    architectures: architectures.map(entry),
    optimizers: optimizers.map(entry),
    training: z.toJSONSchema(trainingSettings, { io: 'input' }),
    tableUse: z.toJSONSchema(tableUse, { io: 'input' }),
    pooling: z.toJSONSchema(pooling, { io: 'input' }),
    encodings: Object.fromEntries(
      columnEncoding.options.map((option) => [
        option.shape.kind.value,
        z.toJSONSchema(option, { io: 'input' }),
      ]),
    ),
  }
}

function entry(choice: {
  name: string
  title: string
  description: string
  settings: z.ZodType
}): CatalogEntry {
  const { name, title, description, settings } = choice
  const defaults = z.record(z.string(), z.unknown()).parse(settings.parse({}))
  return { name, title, description, settings: z.toJSONSchema(settings, { io: 'input' }), defaults }
}
