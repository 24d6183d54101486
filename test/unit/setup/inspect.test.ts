import { describe, expect, it } from 'vitest'
import { doctorReport, type DoctorReport } from '../../../src-main/contract/doctor'
import { inspectMachine, judge } from '../../../src-main/tensorflow/inspect'

type Facts = Parameters<typeof judge>[0]

/** A machine that wants for nothing. */
const sound: Facts = {
  platform: 'linux-x64',
  engine: { path: '/engine', tensorflow: '2.21.0', tfjs: '4.22.0', device: 'cpu', source: 'wheel' },
  electron: { path: '/electron', version: '40.10.2', standIn: false },
  node: { version: '20.19.0', supported: true },
  python: { command: 'python3', version: '3.11', pip: '23.2' },
  compiler: { command: 'g++', version: 'g++ 12' },
  gpus: [],
  processors: 2,
  memory: { totalBytes: 16e9, freeBytes: 8e9 },
  disk: { freeBytes: 100e9 },
  folders: { cache: '/cache', user: '/user' },
}

const subjects = (facts: Partial<DoctorReport>): string[] =>
  judge({ ...sound, ...facts }).map(({ subject, severity }) => `${severity} ${subject}`)

describe('judge', () => {
  it('has nothing to say of a sound machine', () => {
    expect(judge(sound)).toEqual([])
  })

  it('names what keeps TensorFlow from being made', () => {
    const bare = { engine: null, python: null, compiler: null, disk: { freeBytes: 1e9 } }
    expect(subjects(bare)).toEqual(['error engine', 'warning python', 'note compiler', 'error disk'])
  })

  it('wants no Python where there is no wheel to fetch by it', () => {
    expect(subjects({ engine: null, python: null, compiler: null, platform: 'win32-x64' })).toEqual([
      'error engine',
    ])
  })

  it('tells a stand-in from the real Electron, and both from none', () => {
    const electron = { path: '/electron', version: '22.3.25', standIn: true }
    expect(subjects({ electron })).toEqual(['warning electron'])
    expect(subjects({ electron: null })).toEqual(['warning electron'])
  })

  it('mentions a GPU that is not used, and only then', () => {
    const gpus = [{ name: 'Some GPU', driver: '550', memoryBytes: 8e9 }]
    expect(subjects({ gpus })).toEqual(['note gpu'])
    const engine = { path: '', tensorflow: '', tfjs: '', device: 'gpu' as const, source: 'wheel' as const }
    expect(subjects({ gpus, engine })).toEqual([])
  })

  it('gives every finding something to do', () => {
    const worst = {
      engine: null,
      electron: null,
      python: null,
      compiler: null,
      memory: { totalBytes: 1, freeBytes: 1 },
    }
    for (const { message, hint } of judge({
      ...sound,
      ...worst,
      node: { version: '18.0.0', supported: false },
    })) {
      expect(message).not.toBe('')
      expect(hint).not.toBe('')
    }
  })
})

describe('inspectMachine', () => {
  it('reports this machine in the contract’s terms, ready to train', async () => {
    const report = await inspectMachine('/user')
    expect(doctorReport.parse(report)).toEqual(report)
    expect(report.ready).toBe(true)
    expect(report.node.version).toBe(process.versions.node)
    expect(report.folders.user).toBe('/user')
  })
})
