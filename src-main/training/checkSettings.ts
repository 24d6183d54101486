import { z } from 'zod'
import { GraftError } from '../contract/errors'

/**
 * Checks the settings of an architecture or an optimizer against its own schema; a field that it does not have is an
 * error, too.
 * @throws GraftError `invalid-setting` naming the field
 */
export function checkSettings(
  owner: { name: string; settings: z.ZodType },
  settings: Record<string, unknown>,
): void {
  const { name, settings: schema } = owner
  const known = schema instanceof z.ZodObject ? Object.keys(schema.shape) : null
  const stray = Object.keys(settings).find((key) => known !== null && !known.includes(key))
  if (stray !== undefined)
    throw new GraftError(
      'invalid-setting',
      `${name} has no setting "${stray}".`,
      `It has: ${known?.join(', ')}.`,
      {
        setting: stray,
      },
    )
  const parsed = schema.safeParse(settings)
  if (parsed.success) return
  const [issue] = parsed.error.issues
  const setting = issue?.path.map(String).join('.') ?? ''
  throw new GraftError('invalid-setting', `${name}, ${setting}: ${issue?.message}.`, 'Correct the value.', {
    setting,
  })
}
