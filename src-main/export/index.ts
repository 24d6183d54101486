/**
 * Trained models leave Graft as folders that others load as they are.
 *
 *   const plan = await planExport({ run, folder, force })       // in main: gathers and checks, writes nothing
 *   await previewExport(plan)                                    // files and sizes, for the Export view
 *   await exportInProcess(plan, { fork, engine, report, signal }) // forks a trainer process, which calls runExport
 */
export { exportInProcess, type ExportHostOptions } from './host'
export { exportPlan, planExport, type ExportPlan, type ExportRequest } from './plan'
export { previewExport } from './preview'
export { checkPlace, runExport } from './run'
export { exportTargets, type ExportTarget, type PlannedFile, type ReportExport } from './targets'
