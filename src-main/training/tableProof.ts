import { open, rm, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import type { TableResult } from '../contract/runs'
import { littleEndianBytes, meanRowMovement, TableHash } from '../embeddings/hash'
import type { TableSpec, Weight } from '../model'
import { Drift } from './drift'
import type { StepSession } from './stepSession'

/** The rows of an unlocked table up to this size are kept in memory until the end, those of a larger one in a file. */
const memoryLimit = 64 * 2 ** 20 // bytes

interface Snapshot {
  readonly weight: Weight
  readonly table: TableSpec
  readonly hash: string
  /** Its rows before training, piece by piece in the order in which they are read again; none while it was never unlocked. */
  before: Pieces | null
  drift: Drift | null
}

/**
 * The freeze proof: what every table was before training, held against what it is after. It only measures: a table that was
 * locked throughout and moved nevertheless is reported as such.
 */
export class TableProof {
  private epochs = 0

  private constructor(
    private readonly session: StepSession,
    private readonly folder: string,
    private readonly snapshots: readonly Snapshot[],
  ) {}

  /** Reads every table once. @param folder where rows that are too many for memory are kept meanwhile */
  static async begin(session: StepSession, weights: readonly Weight[], folder: string): Promise<TableProof> {
    const snapshots: Snapshot[] = []
    for (const weight of weights) {
      const { table } = weight
      if (!table) continue
      const place = join(folder, `.before-${snapshots.length}`)
      const before = weight.trainable ? await piecesFor(table, place) : null
      const hash = new TableHash()
      for (const piece of session.read(weight.name)) {
        hash.add(piece)
        await before?.add(piece)
      }
      const drift = before && new Drift(session, weight.name, table, 0)
      snapshots.push({ weight, table, hash: hash.hex(), before, drift })
    }
    return new TableProof(session, folder, snapshots)
  }

  /** To be called before a table is unlocked: what it is now is what it was at the start. */
  async unlock(name: string): Promise<void> {
    const index = this.snapshots.findIndex(({ table }) => table.name === name)
    const snapshot = this.snapshots[index]
    if (!snapshot || snapshot.before) return
    const { weight, table } = snapshot
    const before = await piecesFor(table, join(this.folder, `.before-${index}`))
    snapshot.before = before
    for (const piece of this.session.read(weight.name)) await before.add(piece)
    snapshot.drift = new Drift(this.session, weight.name, table, this.epochs)
  }

  /** Notes how far the tables that train have come. */
  endEpoch(): void {
    this.epochs++
    for (const { drift } of this.snapshots) drift?.measure()
  }

  /** Reads every table again and says what became of it. */
  async finish(): Promise<TableResult[]> {
    const results: TableResult[] = []
    for (const { weight, table, hash, before, drift } of this.snapshots) {
      const after = new TableHash()
      let movement = 0
      let index = 0
      for (const piece of this.session.read(weight.name)) {
        after.add(piece)
        const old = await before?.get(index++, piece.length)
        if (old) movement += meanRowMovement(old, piece, table.width) * (piece.length / table.width)
      }
      const hashAfter = after.hex()
      results.push({
        table: table.name,
        columns: table.columns,
        rows: table.rows,
        width: table.width,
        frozen: before === null,
        hashBefore: hash,
        hashAfter,
        changed: hashAfter !== hash,
        meanRowMovement: movement / table.rows,
        drift: drift?.byEpoch ?? [],
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

async function piecesFor({ rows, width }: TableSpec, path: string): Promise<Pieces> {
  const bytes = rows * width * Float32Array.BYTES_PER_ELEMENT
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
