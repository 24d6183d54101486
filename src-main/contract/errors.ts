import { z } from 'zod'

/**
 * Every way in which a request can fail, as a closed list: the window and the command line choose what to show
 * (retry, open settings, choose a target, …) by this code and never by the wording of the message.
 */
export const errorCodes = [
  'usage', // wrong use of the command line
  'invalid-request', // a message that does not fit the contract
  'not-found', // a file, folder, run or job that is not there
  'already-exists', // an output that exists and was not to be overwritten
  'read-only', // a folder or file that may not be written
  'disk-full',
  'invalid-file', // a file that is truncated, corrupt or not what it claims to be
  'unsupported-file', // a format or a feature of it that we do not read
  'unsafe-file', // a file whose reading could run code (pickles)
  'shape-mismatch', // rows or width that do not fit
  'non-finite', // NaN or infinity where numbers are needed
  'invalid-schema',
  'unknown-column',
  'no-target',
  'ambiguous-target',
  'invalid-target', // a target whose values do not fit its task
  'invalid-setting',
  'invalid-data', // rows that do not fit the schema (an id outside of its domain, …)
  'out-of-memory',
  'engine-missing',
  'engine-failed',
  'cancelled',
  'busy', // something of the same kind is running
  'crashed', // a process of ours died
  'internal', // a defect of ours
] as const

export const errorCode = z.enum(errorCodes)
export type ErrorCode = z.infer<typeof errorCode>

/** What to do about an output that exists: the window has a box for it, the command line a flag. */
export const replaceHint =
  'Choose another name, or say that it may be replaced (on the command line: --force).'

/** An error as it crosses the wire, and as the command line prints it under `error`. */
export const wireError = z.object({
  code: errorCode,
  /** What is wrong, with which file, column or field. */
  message: z.string(),
  /** What to do about it; empty when there is nothing to say. */
  hint: z.string(),
  details: z.record(z.string(), z.unknown()),
})
export type WireError = z.infer<typeof wireError>

/** The one error class that crosses process borders: thrown in main, rebuilt in the renderer. */
export class GraftError extends Error {
  override readonly name = 'GraftError'
  readonly code: ErrorCode
  readonly hint: string
  readonly details: Record<string, unknown>

  constructor(code: ErrorCode, message: string, hint = '', details: Record<string, unknown> = {}) {
    super(message)
    this.code = code
    this.hint = hint
    this.details = details
  }

  toWire(): WireError {
    return { code: this.code, message: this.message, hint: this.hint, details: this.details }
  }

  static fromWire(error: WireError): GraftError {
    return new GraftError(error.code, error.message, error.hint, error.details)
  }
}

interface SystemFault {
  readonly code: ErrorCode
  readonly message: string
  readonly hint: string
}

const mayNotWrite = 'Choose a folder that you may write to, or change its permissions.'

/** Node's file system errors that a person can act on, in plain words. */
const systemFaults: Record<string, SystemFault> = {
  ENOSPC: {
    code: 'disk-full',
    message: 'The disk is full',
    hint: 'Free some space on that disk, or choose another folder.',
  },
  EDQUOT: {
    code: 'disk-full',
    message: 'Your quota on the disk is used up',
    hint: 'Free some space within your quota, or choose another folder.',
  },
  EROFS: {
    code: 'read-only',
    message: 'The disk may only be read',
    hint: 'Choose a folder that you may write to.',
  },
  EACCES: { code: 'read-only', message: 'Permission denied', hint: mayNotWrite },
  EPERM: { code: 'read-only', message: 'Not permitted', hint: mayNotWrite },
  ENOENT: { code: 'not-found', message: 'There is no such file or folder', hint: 'Check the path.' },
  ENOTDIR: {
    code: 'not-found',
    message: 'There is no such folder',
    hint: 'Check the path: a part of it is a file, not a folder.',
  },
  EISDIR: { code: 'invalid-file', message: 'A folder is where a file should be', hint: 'Choose a file.' },
  EEXIST: { code: 'already-exists', message: 'Something is there already', hint: 'Choose another name.' },
}

/**
 * Turns whatever was thrown into an error that can cross the wire; what we did not foresee becomes `internal`.
 * @param path the file at work, for errors of the file system that do not name one (a full disk does not)
 */
export function toGraftError(thrown: unknown, path?: string): GraftError {
  if (thrown instanceof GraftError) return thrown
  if (!(thrown instanceof Error)) return new GraftError('internal', String(thrown))
  const system = 'code' in thrown && typeof thrown.code === 'string' ? systemFaults[thrown.code] : undefined
  if (system) {
    const named = 'path' in thrown && typeof thrown.path === 'string' ? thrown.path : undefined
    const place = path ?? named
    const message = place === undefined ? `${system.message}.` : `${system.message}: ${place}`
    return new GraftError(system.code, message, system.hint, { cause: thrown.message })
  }
  // The pure folders (schema/, graph/) import no sibling, so their errors carry these fields without our class.
  const code = 'code' in thrown ? errorCode.safeParse(thrown.code) : undefined
  const hint = 'hint' in thrown && typeof thrown.hint === 'string' ? thrown.hint : ''
  if (code?.success) return new GraftError(code.data, thrown.message, hint)
  return new GraftError('internal', thrown.message, 'This is a defect in Graft; the log has the details.', {
    stack: thrown.stack ?? '',
  })
}
