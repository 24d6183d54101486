import { z } from 'zod'
import {
  type Catalog,
  type CatalogEntry,
  type DocumentCommand,
  GraftError,
  type ModelSummary,
  type ProjectDocument,
  trainingSettings,
} from '../contract'
import { architectures, findArchitecture, summarize } from '../model'
import { modelSpecOf } from '../project/modelSpec'
import { findOptimizer, optimizers } from '../training/optimizers'
import { describeIssues } from './dispatch'

/** The layers and sizes of the model that a document describes. @throws GraftError where it describes none */
export function summarizeModel(document: ProjectDocument): ModelSummary {
  checkSettings(document.model.architecture, document.model.settings, findArchitecture)
  const { name, settings } = document.training.optimizer
  checkSettings(name, settings, findOptimizer)
  return summarize(modelSpecOf(document), findOptimizer(name).slots(settings))
}

/**
 * Checks what a command sets in settings whose form only the architecture or the optimizer knows.
 * @throws GraftError `invalid-setting` naming the field
 */
export function checkCommand(command: DocumentCommand): void {
  if (command.type === 'setModel')
    checkSettings(command.model.architecture, command.model.settings, findArchitecture)
  if (command.type === 'setTraining' && command.changes.optimizer)
    checkSettings(command.changes.optimizer.name, command.changes.optimizer.settings, findOptimizer)
}

function checkSettings(
  name: string,
  settings: Record<string, unknown>,
  find: (name: string) => { settings: z.ZodType },
): void {
  const schema = find(name).settings
  const known = schema instanceof z.ZodObject ? Object.keys(schema.shape) : null
  const stray = Object.keys(settings).find((key) => known !== null && !known.includes(key))
  if (stray !== undefined)
    throw new GraftError(
      'invalid-setting',
      `${name} has no setting "${stray}".`,
      `It has ${known?.join(', ') ?? ''}.`,
      {
        setting: stray,
      },
    )
  const parsed = schema.safeParse(settings)
  if (parsed.success) return
  const [issue] = parsed.error.issues
  throw new GraftError(
    'invalid-setting',
    `${name}: ${describeIssues(parsed.error.issues)}`,
    'Correct the value.',
    {
      setting: issue?.path.map(String).join('.') ?? '',
    },
  )
}

/** What can be chosen, with the forms to set it: JSON Schema made of the very schemas that check the settings. */
export function listCatalog(): Catalog {
  return {
    architectures: architectures.map(entry),
    optimizers: optimizers.map(entry),
    training: z.toJSONSchema(trainingSettings, { io: 'input' }),
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
