import { z } from 'zod'

/** Something that is missing or poor, and what to do about it. */
export const doctorFinding = z.object({
  subject: z.enum(['engine', 'electron', 'node', 'python', 'compiler', 'gpu', 'memory', 'disk']),
  /** `error`: no model can be trained here as things are; `warning`: something works less well; `note`: good to know. */
  severity: z.enum(['error', 'warning', 'note']),
  message: z.string(),
  hint: z.string(),
})
export type DoctorFinding = z.infer<typeof doctorFinding>

/** What `graft doctor` says of this machine. What is null is not there, or cannot be told. */
export const doctorReport = z.object({
  /** Whether a model can be trained here now. */
  ready: z.boolean(),
  platform: z.string(),
  engine: z
    .object({
      path: z.string(),
      tensorflow: z.string(),
      tfjs: z.string(),
      device: z.enum(['cpu', 'gpu']),
      /** Out of TensorFlow's Python wheel, or by the tfjs-node package's own download. */
      source: z.enum(['wheel', 'package']),
    })
    .nullable(),
  electron: z
    .object({
      path: z.string(),
      version: z.string(),
      /** An old runtime borrowed from a Python wheel, for tests and blocked networks. */
      standIn: z.boolean(),
    })
    .nullable(),
  node: z.object({ version: z.string(), supported: z.boolean() }),
  python: z.object({ command: z.string(), version: z.string(), pip: z.string().nullable() }).nullable(),
  compiler: z.object({ command: z.string(), version: z.string() }).nullable(),
  gpus: z.array(z.object({ name: z.string(), driver: z.string(), memoryBytes: z.number() })),
  processors: z.number().int(),
  memory: z.object({ totalBytes: z.number(), freeBytes: z.number() }),
  /** The disk of the cache. */
  disk: z.object({ freeBytes: z.number() }).nullable(),
  /** Where downloads are kept, and what belongs to the person and to no project (the sample among it). */
  folders: z.object({ cache: z.string(), user: z.string() }),
  findings: z.array(doctorFinding),
})
export type DoctorReport = z.infer<typeof doctorReport>
