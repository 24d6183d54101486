import { GraftError } from '../../contract/errors'
import type { Architecture } from './architecture'
import { dcn } from './dcn'
import { mlp } from './mlp'

export type { Architecture } from './architecture'

/** Every architecture, the default first. */
export const architectures: readonly Architecture[] = [dcn, mlp]

/** @throws GraftError `invalid-setting` for a name that is none */
export function findArchitecture(name: string): Architecture {
  const found = architectures.find((candidate) => candidate.name === name)
  if (found) return found
  const names = architectures.map((candidate) => candidate.name).join(', ')
  throw new GraftError('invalid-setting', `There is no architecture "${name}".`, `Choose one of: ${names}.`)
}
