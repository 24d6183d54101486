import { GraftError } from '../contract'

/**
 * Reads `random:0.8,0.1,0.1`: the shares of training, validation and test.
 * @throws GraftError `invalid-setting`
 */
export function parseRandomSplit(text: string): [number, number, number] {
  const [kind, list = '', rest] = text.split(':')
  const shares = list.split(',').map((share) => (share.trim() === '' ? Number.NaN : Number(share)))
  const [train, validation, test] = shares
  if (
    kind !== 'random' ||
    rest !== undefined ||
    shares.length !== 3 ||
    train === undefined ||
    validation === undefined ||
    test === undefined ||
    shares.some((share) => !Number.isFinite(share))
  )
    throw new GraftError(
      'invalid-setting',
      `"${text}" is no split that encoded data can have.`,
      'Write random: and three shares that add up to 1, such as random:0.8,0.1,0.1.',
      { split: text },
    )
  return [train, validation, test]
}
