import { type Transport } from '../../src-main/contract'

/** What became of the line to main; `refused`: main runs, but no longer knows this window. */
export type LineChange = 'open' | 'lost' | 'refused'

/** A folder that was dropped. */
export interface DroppedFolder {
  /** What Electron knows the path of. */
  readonly file: File
  /** What a browser lets a page read it by. */
  readonly entry: FileSystemDirectoryEntry
}

/** The contract's transport and what a window needs besides: the state of the line and paths of dropped files. */
export interface WindowTransport extends Transport {
  onConnection(listener: (change: LineChange) => void): () => void
  /** @param beside the path of a file that this one belongs to: they then lie in one folder */
  pathOf(file: File, beside?: string): Promise<string>
  /** @param told called with files sent and files in all, where they have to be */
  pathOfFolder(folder: DroppedFolder, told: (sent: number, all: number) => void): Promise<string>
}
