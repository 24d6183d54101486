import { SetupError } from '../failure.mjs'

/**
 * @param {import('./from-wheel.mjs').EngineStep} step
 * @param {SetupError} whyNoWheel
 * @returns {Promise<import('./from-wheel.mjs').MadeEngine>}
 */
export async function engineFromPackage(step, whyNoWheel) {
  void step
  throw whyNoWheel
}
