import type { z } from 'zod'
import type { ModelBuilder } from '../builder'
import type { Activation, Source } from '../blocks'
import type { InputBlock } from '../inputs'

/**
 * A kind of model: how the input becomes the vector that the head reads. A new one is a file with such a constant, and
 * one line in `architectures/index.ts`.
 */
export interface Architecture<Settings extends z.ZodType = z.ZodType> {
  readonly name: string
  readonly title: string
  readonly description: string
  /** With titles, descriptions, ranges and defaults: the form in the window is made of it. */
  readonly settings: Settings
  /** @throws ZodError for settings that do not fit */
  readonly build: (builder: ModelBuilder, block: InputBlock, settings: unknown) => Source
}

/** Types the builder by its own settings, which are checked before it sees them. */
export function architecture<Settings extends z.ZodType>(
  facts: Omit<Architecture<Settings>, 'build'>,
  build: (builder: ModelBuilder, block: InputBlock, settings: z.output<Settings>) => Source,
): Architecture<Settings> {
  return {
    ...facts,
    build: (builder, block, settings) => build(builder, block, facts.settings.parse(settings)),
  }
}

export const activationNames = [
  'relu',
  'leaky_relu',
  'elu',
  'tanh',
  'sigmoid',
] as const satisfies readonly Activation[]
