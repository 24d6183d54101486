/**
 * What an engine is made of. The versions are pinned: graphs, gradients and tolerances were checked against them.
 */
export const tensorflowVersion = '2.21.0'
export const tfjsVersion = '4.22.0'

/** Python versions that TensorFlow 2.21 has wheels for; the first is taken where the machine's own is none of them. */
export const pythonVersions = ['3.11', '3.10', '3.12', '3.13']

/**
 * @typedef {'cpu' | 'gpu'} Device
 *
 * @typedef {object} Recipe how a platform's engine is taken out of a wheel
 * @property {string} project the wheel's name on the package index
 * @property {readonly string[]} tags platform tags that pip may take, best first
 * @property {string} library TensorFlow's C and C++ library inside of the wheel's `tensorflow` folder
 * @property {string} framework the part of it that all plug-ins share
 * @property {string} runPath what the linker calls "the folder that this file is in"
 */

/**
 * The recipe for a platform, or null where no wheel of this version carries a library that can be linked: Windows
 * wheels keep the C API inside of a Python module, and there are no wheels for Intel Macs since 2.17.
 *
 * @param {Device} device
 * @param {string} platform as `process.platform` says it
 * @param {string} arch
 * @returns {Recipe | null}
 */
export function recipeFor(device, platform, arch) {
  if (platform === 'linux' && (arch === 'x64' || arch === 'arm64')) {
    const cpu = arch === 'x64' ? 'x86_64' : 'aarch64'
    return {
      project: device === 'cpu' && arch === 'x64' ? 'tensorflow-cpu' : 'tensorflow',
      tags: ['manylinux_2_27', 'manylinux_2_17', 'manylinux2014'].map((tag) => `${tag}_${cpu}`),
      library: 'libtensorflow_cc.so.2',
      framework: 'libtensorflow_framework.so.2',
      runPath: '$ORIGIN',
    }
  }
  if (platform === 'darwin' && arch === 'arm64' && device === 'cpu') {
    return {
      project: 'tensorflow',
      tags: ['macosx_12_0_arm64'],
      library: 'libtensorflow_cc.2.dylib',
      framework: 'libtensorflow_framework.2.dylib',
      runPath: '@loader_path',
    }
  }
  return null
}

/**
 * The engine's folder below the cache: everything that makes one engine unlike another is in its name.
 *
 * @param {Device} device
 * @param {NodeJS.Platform} platform
 * @param {string} arch
 */
export function engineName(device, platform, arch) {
  return `engines/tensorflow-${tensorflowVersion}-tfjs-${tfjsVersion}-${platform}-${arch}-${device}`
}
