import { availableParallelism, cpus } from 'node:os'
import { type EngineStatus, GraftError, toGraftError } from '../contract'
import { type Device, engineFolder, engineManifest, provisionEngine } from '../tensorflow/provision'
import { type EventBus } from './eventBus'
import { type JobService } from './jobs'

/** Threads that TensorFlow uses: one for each processor. Node 16 has no `availableParallelism`. */
const threads = (): number =>
  typeof availableParallelism === 'function' ? availableParallelism() : cpus().length

/** Which TensorFlow there is, and getting one where there is none. */
export class EngineService {
  private installing: string | null = null
  private failure: EngineStatus['error'] = null

  constructor(private readonly bus: EventBus) {}

  /** The engine's folder. @throws GraftError `engine-missing` */
  requireFolder(): string {
    const folder = engineFolder()
    if (folder) return folder
    throw new GraftError(
      'engine-missing',
      'TensorFlow is not installed.',
      'Install it from the engine chip of the window, or start Graft with "npm start"; "graft doctor" says what is missing.',
    )
  }

  async status(): Promise<EngineStatus> {
    const folder = engineFolder()
    const manifest = folder ? engineManifest(folder) : null
    const count = threads()
    const unit = count === 1 ? 'thread' : 'threads'
    if (manifest) {
      const { tensorflow, device } = manifest
      const version = tensorflow.split('.').slice(0, 2).join('.')
      return {
        state: 'ready',
        tensorflow,
        device,
        threads: count,
        label: `TensorFlow ${version} · ${device.toUpperCase()} · ${count} ${unit}`,
        error: null,
      }
    }
    const state = this.installing ? 'installing' : this.failure ? 'failed' : 'missing'
    const label = {
      installing: 'Installing TensorFlow…',
      failed: 'TensorFlow failed',
      missing: 'No TensorFlow',
    }[state]
    return { state, tensorflow: null, device: null, threads: count, label, error: this.failure }
  }

  /** Starts the job that puts TensorFlow into the cache; one that runs already is joined. */
  install(device: Device, jobs: JobService): string {
    if (this.installing) return this.installing
    this.failure = null
    this.installing = jobs.start(
      'engine',
      `Install TensorFlow (${device.toUpperCase()})`,
      async (context) => {
        await this.tell()
        try {
          await provisionEngine({
            device,
            signal: context.signal,
            onProgress: ({ label, done, total, unit }) =>
              context.report({ phase: label, done, total: total > 0 ? total : null, unit }),
          })
        } catch (thrown) {
          if (!context.signal.aborted) this.failure = toGraftError(thrown).toWire()
          throw thrown
        } finally {
          this.installing = null
          await this.tell()
        }
        return {}
      },
    )
    return this.installing
  }

  private async tell(): Promise<void> {
    this.bus.emit('engine.changed', { engine: await this.status() })
  }
}
