import {
  type ColumnView,
  type EpochResult,
  type ProjectSnapshot,
  type RunDetail,
  type RunSummary,
  type SessionSnapshot,
  type TableView,
} from '../../../src-main/contract'

/** A session as main would send it, small and complete, for tests of stores and components. */

export function columnView(name: string, fields: Partial<ColumnView> = {}): ColumnView {
  return {
    name,
    role: 'feature',
    dtype: 'int32',
    isList: false,
    isRagged: false,
    tags: ['categorical'],
    domain: { name, min: 0, max: 10 },
    width: { width: 8, from: 'merlin' },
    table: name,
    inData: true,
    largest: null,
    encoding: null,
    changed: [],
    ...fields,
  }
}

export function tableView(column: string, fields: Partial<TableView> = {}): TableView {
  return {
    id: column,
    columns: [column],
    rows: 11,
    width: 8,
    bytes: 352,
    frozen: false,
    attached: null,
    report: null,
    proof: null,
    ...fields,
  }
}

export function projectSnapshot(fields: Partial<ProjectSnapshot> = {}): ProjectSnapshot {
  return {
    path: '/projects/sample',
    document: {
      format: 'graft-project',
      version: 1,
      name: 'sample',
      source: { kind: 'synthetic', sample: 'movielens-100k', rows: 1000, seed: 42 },
      schema: { columns: [], rest: {} },
      imported: null,
      widthRule: 'merlin',
      widths: {},
      target: 'label',
      tables: [],
      uses: {},
      combinations: {},
      pooling: {},
      model: { architecture: 'dcn', settings: {} },
      training: {
        epochs: 5,
        batchSize: 100,
        seed: 42,
        shuffle: true,
        stepsPerEpoch: null,
        rowMemory: 1024,
        optimizer: { name: 'adagrad', settings: {} },
      },
    },
    widthRules: ['merlin', 'schema', 'nvtabular'],
    columns: [
      columnView('movie', { tags: ['categorical', 'item_id'] }),
      columnView('user', { tags: ['categorical', 'user_id'] }),
      columnView('score', { dtype: 'float32', tags: ['continuous'], domain: null, width: null, table: null }),
      columnView('label', {
        role: 'target',
        tags: ['target', 'binary'],
        domain: null,
        width: null,
        table: null,
      }),
    ],
    tables: [tableView('movie'), tableView('user')],
    problems: [],
    dataset: {
      parts: [{ part: 'train', rows: 1000, targetRate: 0.5 }],
      columns: [
        { name: 'movie', type: 'INTEGER', largest: null },
        { name: 'user', type: 'INTEGER', largest: null },
      ],
      report: null,
      made: null,
    },
    model: null,
    undo: null,
    redo: null,
    saveError: null,
    ...fields,
  }
}

export function epoch(number: number, auc = 0.6, validation = false): EpochResult {
  const values = { loss: 0.7 - number / 100, auc }
  return {
    epoch: number,
    seconds: 2,
    rowsPerSecond: 500,
    train: values,
    validation: validation ? values : null,
  }
}

export function runSummary(id: string, fields: Partial<RunSummary> = {}): RunSummary {
  return {
    id,
    status: 'completed',
    startedAt: '2026-01-02T03:04:05Z',
    finishedAt: '2026-01-02T03:05:05Z',
    architecture: 'dcn',
    target: 'label',
    task: 'binary',
    seed: 42,
    epochs: [epoch(1), epoch(2)],
    tables: [],
    trains: [],
    locks: [],
    error: null,
    sentence: 'Trained 2 epochs.',
    ...fields,
  }
}

export function runDetail(summary: RunSummary, fields: Partial<RunDetail> = {}): RunDetail {
  return {
    summary,
    record: {
      id: summary.id,
      status: summary.status,
      startedAt: summary.startedAt,
      finishedAt: summary.finishedAt,
      document: projectSnapshot().document,
      seed: 42,
      target: 'label',
      versions: { graft: '0.1.0', tensorflow: '2.21.0', node: '20', platform: 'linux-x64' },
      engine: 'TensorFlow 2.21',
      datasetHash: 'ab'.repeat(32),
      initialWeights: null,
      rows: { train: 1000, validation: 0, test: 0 },
      model: null,
      epochs: summary.epochs,
      tables: summary.tables,
      locks: summary.locks,
      sessionShare: null,
      error: null,
    },
    steps: [],
    log: [],
    progress: null,
    ...fields,
  }
}

export function sessionSnapshot(fields: Partial<SessionSnapshot> = {}): SessionSnapshot {
  return {
    sequence: 10,
    app: {
      version: '0.1.0',
      mode: 'served',
      platform: 'linux',
      runtime: 'Node 20',
      standIn: false,
      canShowDialogs: false,
      samples: [{ id: 'movielens-100k', title: 'MovieLens 100K', description: 'A sample.' }],
    },
    engine: {
      state: 'ready',
      tensorflow: '2.21.0',
      device: 'cpu',
      threads: 2,
      label: 'TensorFlow 2.21 · CPU',
      error: null,
    },
    project: projectSnapshot(),
    recent: [],
    runs: [],
    jobs: [],
    ...fields,
  }
}
