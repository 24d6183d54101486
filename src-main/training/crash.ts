import { GraftError } from '../contract/errors'

/** What a person can do about a trainer that ended without a word, judged by how it ended. */
export function crashError(
  code: number | null,
  signal: string | null,
  lastWords: readonly string[],
): GraftError {
  const how =
    signal !== null
      ? `was ended by ${signal}`
      : code === null
        ? 'could not be kept running'
        : `ended with exit code ${code}`
  const details = { exitCode: code, signal, output: lastWords.slice(-20) }
  // Exit codes above 128 are signals, as shells report them; Windows tells access violations by 0xC0000005.
  const number = signal ?? (code !== null && code > 128 && code < 160 ? `signal ${code - 128}` : '')
  const killed = number === 'SIGKILL' || number === 'signal 9'
  const hint = killed
    ? 'Something outside of Graft ended it: often the system, when memory runs out. Close other programs, or train with smaller tables or batches. The metrics up to then are kept.'
    : 'The metrics up to then are kept, and the log of the run has its last output. Start a new run; if it happens again, please report it with the log.'
  return new GraftError('crashed', `The trainer process ${how}.`, hint, details)
}
