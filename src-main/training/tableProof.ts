import { open, rm, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { GraftError } from '../contract/errors'
import type { TableResult } from '../contract/runs'
import { littleEndianBytes, meanRowMovement, TableHash } from '../embeddings/hash'
import type { Weight } from '../model'
import type { StepSession } from './stepSession'

/** A trainable table up to this size is kept in memory until the end, a larger one in a file. */
const memoryLimit = 64 * 2 ** 20 // bytes

interface Snapshot {
  readonly weight: Weight
  readonly hash: string
  /** Its rows before training, piece by piece, in the order in which they are read again; none for a frozen one. */
  readonly before: Pieces | null
}

/** The freeze proof: what every table was before training, held against what it is after. */
export class TableProof {
  private constructor(
    private readonly session: StepSession,
    private readonly snapshots: readonly Snapshot[],
  ) {}

  /** Reads every table once. @param folder where rows that are too many for memory are kept meanwhile */
  static async begin(session: StepSession, weights: readonly Weight[], folder: string): Promise<TableProof> {
    const snapshots: Snapshot[] = []
    for (const weight of weights) {
      if (!weight.table) continue
      const bytes = 4 * weight.table.rows * weight.table.width
      const before = weight.trainable
        ? await piecesFor(bytes, join(folder, `.before-${snapshots.length}`))
        : null
      const hash = new TableHash()
      for (const piece of session.read(weight.name)) {
        hash.add(piece)
        await before?.add(piece)
      }
      snapshots.push({ weight, hash: hash.hex(), before })
    }
    return new TableProof(session, snapshots)
  }

  /** Reads every table again and says what became of it. @throws GraftError `internal` where a frozen one changed */
  async finish(): Promise<TableResult[]> {
    const results: TableResult[] = []
    for (const { weight, hash, before } of this.snapshots) {
      const { table } = weight
      if (!table) continue
      const after = new TableHash()
      let movement = 0
      let index = 0
      for (const piece of this.session.read(weight.name)) {
        after.add(piece)
        const old = await before?.get(index++, piece.length)
        if (old) movement += meanRowMovement(old, piece, table.width) * (piece.length / table.width)
      }
      const hashAfter = after.hex()
      if (table.frozen && hashAfter !== hash)
        throw new GraftError(
          'internal',
          `Table ${table.name} is frozen, and yet it changed.`,
          'Please report this.',
        )
      results.push({
        table: table.name,
        columns: table.columns,
        rows: table.rows,
        width: table.width,
        frozen: table.frozen,
        hashBefore: hash,
        hashAfter,
        changed: hashAfter !== hash,
        meanRowMovement: movement / table.rows,
      })
    }
    return results
  }

  /** Removes what it kept on disk. */
  async close(): Promise<void> {
    for (const { before } of this.snapshots) await before?.close()
  }
}

interface Pieces {
  add(piece: Float32Array): Promise<void>
  /** Piece `index`, of that many numbers. */
  get(index: number, length: number): Promise<Float32Array>
  close(): Promise<void>
}

async function piecesFor(bytes: number, path: string): Promise<Pieces> {
  return bytes <= memoryLimit ? new MemoryPieces() : FilePieces.create(path)
}

class MemoryPieces implements Pieces {
  private pieces: Float32Array[] = []

  async add(piece: Float32Array): Promise<void> {
    this.pieces.push(piece.slice())
  }

  async get(index: number): Promise<Float32Array> {
    return this.pieces[index] ?? new Float32Array(0)
  }

  async close(): Promise<void> {
    this.pieces = []
  }
}

class FilePieces implements Pieces {
  private readonly offsets: number[] = []
  private end = 0

  private constructor(
    private readonly path: string,
    private readonly file: FileHandle,
  ) {}

  static async create(path: string): Promise<FilePieces> {
    return new FilePieces(path, await open(path, 'w+'))
  }

  async add(piece: Float32Array): Promise<void> {
    const bytes = littleEndianBytes(piece)
    await this.file.write(bytes, 0, bytes.length, this.end)
    this.offsets.push(this.end)
    this.end += bytes.length
  }

  async get(index: number, length: number): Promise<Float32Array> {
    const bytes = new Uint8Array(4 * length)
    await this.file.read(bytes, 0, bytes.length, this.offsets[index] ?? 0)
    // Back from little-endian, which is what all machines that TensorFlow runs on are.
    return new Float32Array(bytes.buffer)
  }

  async close(): Promise<void> {
    await this.file.close()
    await rm(this.path, { force: true })
  }
}
