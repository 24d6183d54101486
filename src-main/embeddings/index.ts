/**
 * Pretrained embedding tables: read from files, aligned to a column's ids, stored in the project, described.
 *
 *   const file = await inspectFile(path, [{ column: 'movieId', vocabularySize: 1680 }])   // what a drop would do
 *   const store = new EmbeddingStore(projectDir)
 *   const stored = await attachVectors(store, { table, column, vocabulary, path, frozen: true, … })
 *   stored.report                                     // the alignment report
 *   const { values } = await store.load(table)        // Float32Array, checked against the recorded hash
 *
 * TensorFlow can read `store.pathOf(id)` raw from `stored.file.dataOffset` on.
 */
export { attachByPosition, type AttachRequest } from './attach'
export { attachVectors, previewVectors, type VectorsRequest } from './attachVectors'
export { exportTable } from './exportTable'
export { hashFile, hashTable, meanRowMovement, TableHash } from './hash'
export { inspectFile, type ColumnVocabulary } from './inspect'
export { findNeighbors, normOf, readRow, type Metric, type Neighbor, type TableRows } from './neighbors'
export { NpyWriter, writeNpy, type WrittenTable } from './npyWriter'
export { canonicalForm } from './keyRules'
export { mockTable } from './random'
export { openVectorFile, vectorReaders } from './readers'
export {
  chooseArray,
  type RowBlock,
  type VectorArray,
  type VectorFile,
  type VectorReader,
} from './readers/reader'
export { storedTable, type StoredTable } from './record'
export { StatisticsBuilder, tableStatistics } from './statistics'
export { readSidecarKeys } from './sidecar'
export { EmbeddingStore, type LoadedTable, type TableFacts } from './store'
export { tableWriters } from './writers'
export { encodedVocabulary, valueVocabulary, withExtraKeys, type Vocabulary } from './vocabulary'
