import { type Transport } from '../../src-main/contract'

/** The contract's transport and what a window needs besides: the state of the line and paths of dropped files. */
export interface WindowTransport extends Transport {
  onConnection(listener: (connected: boolean) => void): () => void
  pathOf(file: File): Promise<string>
}
