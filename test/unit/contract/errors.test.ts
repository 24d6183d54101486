import { describe, expect, it } from 'vitest'
import { createClient, errorCodes, GraftError, toGraftError, wireError } from '../../../src-main/contract'
import { SchemaError } from '../../../src-main/schema'

describe('errors as data', () => {
  it('survive the wire whole, whatever their code', () => {
    for (const code of errorCodes) {
      const error = new GraftError(code, 'what', 'how', { file: 'a.npy', rows: 3 })
      const rebuilt = GraftError.fromWire(wireError.parse(JSON.parse(JSON.stringify(error.toWire()))))
      expect(rebuilt).toBeInstanceOf(GraftError)
      expect(rebuilt.toWire()).toEqual(error.toWire())
    }
  })

  it('keep code and hint of errors that pure folders throw', () => {
    const error = toGraftError(
      new SchemaError('unknown-column', 'there is no column x', 'The columns are a, b.'),
    )
    expect(error.toWire()).toMatchObject({ code: 'unknown-column', hint: 'The columns are a, b.' })
  })

  it('name what a person can act on where the file system refuses', () => {
    const refuse = (code: string): string => toGraftError(Object.assign(new Error(code), { code })).code
    expect(['ENOSPC', 'EROFS', 'EACCES', 'ENOENT', 'EEXIST'].map(refuse)).toEqual([
      'disk-full',
      'read-only',
      'read-only',
      'not-found',
      'already-exists',
    ])
  })

  it('name the file, in plain words', () => {
    const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
    expect(toGraftError(full, '/p/graft.json').message).toBe('The disk is full: /p/graft.json')
    const missing = Object.assign(new Error('ENOENT'), { code: 'ENOENT', path: '/p/x.npy' })
    expect(toGraftError(missing).message).toBe('There is no such file or folder: /p/x.npy')
  })

  it('call everything else a defect of ours', () => {
    expect(toGraftError(new TypeError('x is undefined')).code).toBe('internal')
    expect(toGraftError('text').code).toBe('internal')
  })

  it('are thrown by the client as they left main', async () => {
    const error = new GraftError('no-target', 'No column is a target.', 'Tag one.', { columns: ['a'] })
    const client = createClient({ invoke: async () => ({ ok: false, error: error.toWire() }) })
    await expect(client.training.start({ overrides: {} })).rejects.toMatchObject(error.toWire())
  })
})
