import { statfs } from 'node:fs/promises'
import { cpus, freemem, totalmem } from 'node:os'
import { dirname } from 'node:path'
import { cacheFolder } from '../../scripts/lib/cache.mjs'
import { electronBinary } from '../../scripts/lib/electron.mjs'
import { findCompiler } from '../../scripts/lib/engine/compile.mjs'
import { findGpus } from '../../scripts/lib/engine/gpu.mjs'
import { findPython } from '../../scripts/lib/engine/python.mjs'
import { recipeFor } from '../../scripts/lib/engine/versions.mjs'
import { engineFolder, readManifest } from '../../scripts/lib/engine.mjs'
import type { DoctorFinding, DoctorReport } from '../contract/doctor'

/** What an engine takes while it is made: the wheel, the unpacked libraries and pip's copy of the wheel, in bytes. */
const engineDiskBytes = 1.7e9

/** Below this a training run of the sample starts to swap, in bytes. */
const littleMemoryBytes = 2e9

/**
 * Looks at the machine: what Graft needs, what of it is there, and how to get what is missing. Changes nothing.
 *
 * @param user the person's own folder (`userFolder()` of project/), for the report
 */
export async function inspectMachine(user: string): Promise<DoctorReport> {
  const cache = cacheFolder()
  const folder = engineFolder(cache)
  const manifest = folder ? readManifest(folder) : null
  const [python, compiler, gpus, disk] = await Promise.all([
    findPython(),
    findCompiler(),
    findGpus(),
    freeSpace(cache),
  ])
  const report: Omit<DoctorReport, 'findings' | 'ready'> = {
    platform: `${process.platform}-${process.arch}`,
    engine:
      folder && manifest
        ? {
            path: folder,
            tensorflow: manifest.tensorflow,
            tfjs: manifest.tfjs,
            device: manifest.device,
            source: manifest.source,
          }
        : null,
    electron: findElectron(cache),
    node: { version: process.versions.node, supported: isSupportedNode(process.versions.node) },
    python,
    compiler: compiler ? { command: compiler.command, version: compiler.version } : null,
    gpus,
    processors: cpus().length,
    memory: { totalBytes: totalmem(), freeBytes: freemem() },
    disk,
    folders: { cache, user },
  }
  const findings = judge(report)
  return { ready: !findings.some(({ severity }) => severity === 'error'), ...report, findings }
}

/** Inside of Electron that is the one; outside, what the set-up has fetched. */
function findElectron(cache: string): DoctorReport['electron'] {
  const running = process.versions['electron']
  const found = electronBinary(__dirname, cache)
  return running ? { path: process.execPath, version: running, standIn: found?.standIn ?? false } : found
}

/** Node 20.19 and later; Electron brings a Node of its own, for which the bundles are built. */
function isSupportedNode(version: string): boolean {
  if (process.versions['electron']) return true
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major > 20 || (major === 20 && minor >= 19)
}

/** Free bytes on the disk of a folder, or of its nearest ancestor that exists; null in an Electron before Node 18. */
async function freeSpace(folder: string): Promise<DoctorReport['disk']> {
  if (typeof statfs !== 'function') return null
  for (let path = folder; ; path = dirname(path)) {
    const found = await statfs(path).catch(() => null)
    if (found) return { freeBytes: found.bavail * found.bsize }
    if (path === dirname(path)) return null
  }
}

/** What is wrong with what was found. Exported for its tests. */
export function judge(report: Omit<DoctorReport, 'findings' | 'ready'>): DoctorFinding[] {
  const findings: DoctorFinding[] = []
  const add = (
    subject: DoctorFinding['subject'],
    severity: DoctorFinding['severity'],
    message: string,
    hint: string,
  ): number => findings.push({ subject, severity, message, hint })
  const [platform = '', arch = ''] = report.platform.split('-')
  const fromWheel = recipeFor('cpu', platform, arch) !== null

  if (!report.engine) {
    add(
      'engine',
      'error',
      'TensorFlow is not there yet.',
      'npm start and npm test fetch it; so does the first training.',
    )
    if (fromWheel && !report.python?.pip) {
      add(
        'python',
        'warning',
        report.python ? `Python ${report.python.version} has no pip.` : 'There is no Python 3.',
        'TensorFlow is fetched by pip. Install python3 and python3-pip, or name a Python in GRAFT_PYTHON.',
      )
    }
    if (fromWheel && !report.compiler) {
      const hint = 'The ziglang package is taken for one (100 MB); g++ or clang++ saves that.'
      add('compiler', 'note', 'There is no C++ compiler.', hint)
    }
    if (report.disk && report.disk.freeBytes < engineDiskBytes) {
      const hint = `Making TensorFlow takes about 1.7 GB in ${report.folders.cache}. Free some, or set GRAFT_CACHE.`
      add('disk', 'error', 'The cache’s disk is nearly full.', hint)
    }
  }
  if (!report.electron) {
    const hint = 'npm start fetches it, or serves the workbench to a browser where that is blocked.'
    add('electron', 'warning', 'Electron’s runtime is not there.', hint)
  } else if (report.electron.standIn) {
    add(
      'electron',
      'warning',
      `Electron ${report.electron.version} is a stand-in: years old, for tests and blocked networks only.`,
      'Set ELECTRON_MIRROR to a mirror that you can reach, or ELECTRON_OVERRIDE_DIST_PATH to a current Electron.',
    )
  }
  if (!report.node.supported) {
    add('node', 'error', `Node ${report.node.version} is too old.`, 'Install Node 20.19 or later.')
  }
  if (report.gpus.length > 0 && report.engine?.device !== 'gpu' && recipeFor('gpu', platform, arch)) {
    const hint = 'GRAFT_ENGINE_DEVICE=gpu npm start fetches TensorFlow for it (several GB).'
    add('gpu', 'note', `${report.gpus[0]?.name ?? 'The GPU'} is not used.`, hint)
  }
  if (report.memory.totalBytes < littleMemoryBytes) {
    add(
      'memory',
      'warning',
      'There is less than 2 GB of memory.',
      'Training will be slow, or end for want of memory.',
    )
  }
  return findings
}
