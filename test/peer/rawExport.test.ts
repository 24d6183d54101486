import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ColumnEncoding, exportPreview, exportResult, predictionResult } from '../../src-main/contract'
import { Random } from '../../src-main/dataset'
import { type Services } from '../../src-main/services/compose'
import { nodeTrainer } from '../../src-main/training/worker'
import { trainerEntry } from '../trainer'
import { asList } from '../unit/dataset/tables/support'
import { makeServices, predictionsIn, resultOf } from '../unit/services/support'
import { runPython } from './python'

/**
 * An exported folder takes raw rows: its own predict.py, with nothing of Graft, predicts what Graft predicts for the same
 * file. Every kind of encoding, joined tables, learnt columns, and items that only the attached vectors know.
 */

let folder: string
let services: Services
let exported: string
let run: string

const random = new Random(19, 'raw export')
const genres = ['Action', 'Comedy', 'Drama', 'Sci-Fi, "Noir"', 'Été']
const quote = (text: string): string => (/[",\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text)
const some = (share: number, value: string): string => (random.uniform() < share ? '' : value)

/** A rating: user, movie, how long it took, its time, the device, whether it was rewound, a vector of moods. */
function rating(users: number, movies: number): (string | number)[] {
  return [
    some(0.02, `user ${1 + Math.floor(random.uniform() ** 2 * users)}`),
    `m${1 + random.below(movies)}`,
    some(0.1, (60 * Math.exp(random.normal())).toFixed(3)),
    `2024-0${1 + random.below(9)}-1${random.below(10)}${random.uniform() < 0.5 ? ' 12:30:05.25' : ''}`,
    some(0.05, ['tv', 'phone', 'tablet', '007'][random.below(4)] ?? ''),
    some(0.05, random.uniform() < 0.3 ? 'true' : 'False'),
    `[${random.normal().toFixed(2)} ${random.normal().toFixed(2)}]`,
  ]
}
const header = 'user_id,movie_id,seconds,rated_at,device,rewound,mood'
const csv = (head: string, rows: readonly (string | number)[][]): string =>
  [head, ...rows.map((row) => row.map((cell) => quote(String(cell))).join(',')), ''].join('\n')

const encoding: Record<string, ColumnEncoding> = {
  user_id: {
    kind: 'categorical',
    minCount: 2,
    maxSize: 150,
    buckets: null,
    nulls: 'own',
    domain: null,
  },
  device: { kind: 'categorical', minCount: 1, maxSize: null, buckets: null, nulls: 'unknown', domain: null },
  zip: { kind: 'categorical', minCount: 1, maxSize: null, buckets: 40, nulls: 'own', domain: null },
  rewound: { kind: 'categorical', minCount: 1, maxSize: null, buckets: null, nulls: 'own', domain: null },
  seconds: { kind: 'continuous', transform: 'log1p', bins: 10, fill: 'median', indicator: true },
  rated_at: { kind: 'continuous', transform: 'minmax', bins: 10, fill: 'mean', indicator: false },
  age: { kind: 'continuous', transform: 'quantile', bins: 8, fill: 'mean', indicator: false },
  genres: asList({ separator: '|' }),
  relevance: asList({ separator: '|', as: 'numbers' }),
  awards: asList({ separator: ';', as: 'indicators' }),
  mood: { kind: 'vector', separator: ' ' },
}

const finished = (start: () => Promise<{ job: string }>): Promise<unknown> => resultOf(services, start)

async function write(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, content)
  return path
}

/** A project of three tables with vectors for the movies, some of which no row has. */
async function bring(): Promise<void> {
  const { client } = services
  const rows = Array.from({ length: 4000 }, () => [...rating(120, 60), 1 + random.below(5)])
  const users = Array.from({ length: 140 }, (_, i) => [
    `user ${i + 1}`,
    String(random.below(300)).padStart(5, '0'),
    some(0.1, String(18 + random.below(60))),
  ])
  const movies = Array.from({ length: 80 }, (_, i) => {
    const own = genres.filter(() => random.uniform() < 0.4)
    const awards = ['Oscar', 'Palme d’Or', 'Bär'].filter(() => random.uniform() < 0.3).join(' ; ')
    return [`m${i + 1}`, own.join('|'), own.map(() => (1 + random.below(8)) / 4).join('|'), awards]
  })
  const vectors = Array.from({ length: 80 }, (_, i) => [
    `M${i + 1} `,
    random.normal(),
    random.normal(),
    random.normal(),
  ])
  const joined = async (name: string, on: string, content: string) => ({
    path: await write(name, content),
    on,
    key: on,
  })
  await finished(() => client.project.create({ path: join(folder, 'p'), sample: null }))
  await finished(async () =>
    client.tables.import({
      files: [{ part: null, path: await write('ratings.csv', csv(`${header},rating`, rows)) }],
      joins: [
        await joined('users.csv', 'user_id', csv('user_id,zip,age', users)),
        await joined('movies.csv', 'movie_id', csv('movie_id,genres,relevance,awards', movies)),
      ],
      options: { delimiter: null, quote: null, header: null },
      split: 'random:0.8,0.1,0.1',
      seed: 4,
      target: 'rating>3',
      derived: [
        { kind: 'targetEncoding', columns: ['movie_id', 'device'], smoothing: 20, folds: 5 },
        { kind: 'count', columns: ['user_id'] },
      ],
      uses: { rewound: 'categorical', device: 'categorical', zip: 'categorical', age: 'continuous' },
    }),
  )
  await client.project.execute({
    command: {
      type: 'setColumns',
      columns: ['rated_at'],
      changes: { role: 'feature', tags: ['continuous'] },
    },
  })
  await finished(() => client.tables.encode({ encoding }))
  const pooling = { how: 'mean', weights: 'relevance' } as const
  await client.project.execute({ command: { type: 'setPooling', column: 'genres', pooling } })
  await finished(async () =>
    client.embeddings.attach({
      column: 'movie_id',
      path: await write('vectors.csv', csv('movie_id,v0,v1,v2', vectors)),
      array: null,
      frozen: true,
      byPosition: false,
      extraRows: true,
      alignment: { keyRules: ['trim', 'case'] },
    }),
  )
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'graft-raw-export-'))
  services = makeServices(join(folder, 'home'), null, nodeTrainer(await trainerEntry()))
  const { client, bench } = services
  await bring()
  ;({ run } = await client.training.start({ overrides: { epochs: 2, batchSize: 256 } }))
  expect(await bench.requireSession().runs.wait(run)).toMatchObject({ status: 'completed', error: null })
  const place = join(folder, 'exported')
  const preview = exportPreview.parse(await client.export.preview({ run, folder: place }))
  const { files } = exportResult.parse(
    await finished(() => client.export.write({ run, folder: place, force: false })),
  )
  expect(files.map(({ name }) => name)).toEqual(preview.files.map(({ name }) => name).sort())
  // Nothing of the project is needed: neither its folder nor the place where the model was written.
  exported = join(folder, 'carried elsewhere')
  await rename(place, exported)
})
afterAll(async () => {
  await services.bench.close()
  await rm(folder, { recursive: true, force: true })
})

/** Predictions for a raw file: Graft's own, and those of the exported predict.py. */
async function both(path: string): Promise<{ ours: number[]; theirs: number[]; unknown: string[] }> {
  const out = join(folder, 'ours.csv')
  const result = predictionResult.parse(
    await finished(() => services.client.evaluation.predict({ run, data: [path], out, force: true })),
  )
  const python = join(folder, 'theirs.csv')
  await runPython(join(exported, 'predict.py'), [path, '--out', python])
  return {
    ours: predictionsIn(await readFile(out, 'utf8')),
    theirs: predictionsIn(await readFile(python, 'utf8')),
    unknown: result.unknown.map(({ column }) => column).sort(),
  }
}

function expectClose(theirs: readonly number[], ours: readonly number[], rows: number): void {
  expect(ours).toHaveLength(rows)
  expect(theirs).toHaveLength(rows)
  expect(new Set(ours.map((value) => value.toFixed(6))).size).toBeGreaterThan(rows / 2)
  const largest = Math.max(...ours.map((value, i) => Math.abs(value - (theirs[i] ?? NaN))))
  expect(largest).toBeLessThanOrEqual(1e-5)
}

describe('the predict.py of a project of raw tables', () => {
  it('predicts raw rows with unknown users, gaps and misfits as Graft does', async () => {
    const odd = [
      ['', '', '', '', '', '', ''],
      ['user 1', 'm3', 'NA', '2024-02-30', 'tv', 'T', '[1 2 3]'],
      ['USER 1', ' m3', 'quick', 'yesterday', '7', 'maybe', ''],
      ['nobody', 'm70', '-2', '2024/3/5', 'a "radio", 2', 'no', '0.5 x'],
      ['user 2', 'm999', '1e3', '2024-03-05T01:02', '007', '1', '[inf 0]'],
    ]
    const rows = [...odd, ...Array.from({ length: 300 }, () => rating(160, 90))]
    const { ours, theirs, unknown } = await both(await write('fresh.csv', csv(header, rows)))
    expectClose(theirs, ours, rows.length)
    expect(unknown).toEqual(['device', 'movie_id', 'user_id'])
  })

  it('takes rows that bring the joined columns themselves, in other dialects and as Parquet and JSON lines', async () => {
    const head = `${header},zip,age,genres,relevance,awards`
    const rows = Array.from({ length: 60 }, () => [
      ...rating(160, 60),
      String(random.below(400)).padStart(5, '0'),
      some(0.2, String(random.below(90))),
      some(0.1, 'Drama|Western'),
      '1|0.5',
      some(0.5, 'OSCAR;Bär'),
    ]).map((row) => (row[9] === '' ? [...row.slice(0, 10), '', row[11] ?? ''] : row))
    const path = await write('whole.csv', csv(head, rows))
    const first = await both(path)
    expectClose(first.theirs, first.ours, rows.length)

    const tabs = [head, ...rows.map((row) => row.join(',')), ''].join('\r\n').replaceAll(',', '\t')
    const utf16 = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(tabs, 'utf16le')])
    const others = [
      await write('whole.tsv', utf16),
      join(folder, 'whole.parquet'),
      join(folder, 'whole.jsonl'),
    ]
    await runPython(
      `import pandas, sys
rows = pandas.read_csv(sys.argv[1], dtype={"zip": str, "device": str, "rewound": str}, keep_default_na=False, na_values=[""])
rows["rewound"] = rows["rewound"].str.lower().map({"true": True, "false": False}).astype("boolean")
rows["rated_at"] = pandas.to_datetime(rows["rated_at"], format="mixed")
for name, separator in [("genres", "|"), ("awards", ";")]:
    rows[name] = rows[name].astype(object).where(rows[name].notna(), None)
rows.to_parquet(sys.argv[2])
rows.to_json(sys.argv[3], orient="records", lines=True, date_format="iso")`,
      [path, others[1] ?? '', others[2] ?? ''],
    )
    for (const other of others) {
      const { ours, theirs } = await both(other)
      expectClose(theirs, ours, rows.length)
      expectClose(theirs, first.ours, rows.length)
    }
  })

  it('still takes encoded rows, and says what is wrong with raw ones', async () => {
    const script = join(exported, 'predict.py')
    const example = join(exported, 'example.csv')
    const encoded = predictionsIn(await runPython(script, [example, '--encoded']))
    expectClose(encoded, predictionsIn(await readFile(example, 'utf8')), 100)
    const short = await write('short.csv', 'user_id,movie_id\nuser 1,m1\n')
    await expect(runPython(script, [short])).rejects.toThrow('The rows lack the column')
    const wrong = await write(
      'wrong.csv',
      csv(header, [['user 1', 'm1', 'long', '2024-01-01', 'tv', 'true', '[1 1]']]),
    )
    await expect(runPython(script, [wrong])).rejects.toThrow(
      "column seconds held values of type DOUBLE in training; none of its values here is one, such as 'long'",
    )
    const ragged = await write('ragged.csv', `${header}\nuser 1,m1\n`)
    await expect(runPython(script, [ragged])).rejects.toThrow('record 2: 2 cells where the header has 7')
  })

  it('is exported without vocabularies once the data were split anew, and says so', async () => {
    const { client } = services
    await finished(() => client.tables.encode({ split: 'random:0.7,0.1,0.2' }))
    const place = join(folder, 'later')
    const { files } = exportResult.parse(
      await finished(() => client.export.write({ run, folder: place, force: false })),
    )
    expect(files.filter(({ name }) => /^encoding|^raw_/.test(name))).toEqual([])
    expect(await readFile(join(place, 'README.md'), 'utf8')).toContain('no longer has its vocabularies')
  })
})
