import { spawnSync } from 'node:child_process'
import {
  createReadStream,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { nodeHeaders } from '../../scripts/lib/engine/compile.mjs'
import { engineFolder, engineManifest, provisionEngine } from '../../src-main/tensorflow/provision'

/**
 * The tfjs-node package's own download, for machines where no wheel can be had. Its two archives come from a server of
 * this test; in them are a small library and a binding that gets its answers from it, laid out as the real ones are. So
 * what is tried is everything but TensorFlow: the package's script, the places, the loader finding the library.
 */
const library = `
extern "C" void multiply(const float* a, const float* b, float* product) {
  for (int i = 0; i < 2; ++i)
    for (int j = 0; j < 2; ++j) product[2 * i + j] = a[2 * i] * b[j] + a[2 * i + 1] * b[2 + j];
}`

const binding = `
#include <cstring>
#include <vector>
#include <node_api.h>
extern "C" void multiply(const float* a, const float* b, float* product);
static std::vector<std::vector<float>> tensors;

static napi_value number(napi_env env, uint32_t value) {
  napi_value result;
  napi_create_uint32(env, value, &result);
  return result;
}
static napi_value create_tensor(napi_env env, napi_callback_info info) {
  size_t count = 3;
  napi_value given[3];
  napi_get_cb_info(env, info, &count, given, nullptr, nullptr);
  void* data;
  size_t length;
  napi_get_typedarray_info(env, given[2], nullptr, &length, &data, nullptr, nullptr);
  tensors.emplace_back((float*)data, (float*)data + length);
  return number(env, tensors.size() - 1);
}
static napi_value execute_op(napi_env env, napi_callback_info info) {
  size_t count = 4;
  napi_value given[4], id, results, result;
  napi_get_cb_info(env, info, &count, given, nullptr, nullptr);
  uint32_t ids[2];
  for (uint32_t i = 0; i < 2; ++i) {
    napi_get_element(env, given[2], i, &id);
    napi_get_value_uint32(env, id, &ids[i]);
  }
  std::vector<float> product(4);
  multiply(tensors[ids[0]].data(), tensors[ids[1]].data(), product.data());
  tensors.push_back(product);
  napi_create_array(env, &results);
  napi_create_object(env, &result);
  napi_set_named_property(env, result, "id", number(env, tensors.size() - 1));
  napi_set_element(env, results, 0, result);
  return results;
}
static napi_value tensor_data(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value given, buffer, array;
  napi_get_cb_info(env, info, &count, &given, nullptr, nullptr);
  uint32_t id;
  napi_get_value_uint32(env, given, &id);
  void* data;
  napi_create_arraybuffer(env, 16, &data, &buffer);
  memcpy(data, tensors[id].data(), 16);
  napi_create_typedarray(env, napi_float32_array, 4, buffer, 0, &array);
  return array;
}
static napi_value is_gpu(napi_env env, napi_callback_info) {
  napi_value result;
  napi_get_boolean(env, false, &result);
  return result;
}
static void add(napi_env env, napi_value exports, const char* name, napi_callback call) {
  napi_value function;
  napi_create_function(env, name, NAPI_AUTO_LENGTH, call, nullptr, &function);
  napi_set_named_property(env, exports, name, function);
}
NAPI_MODULE_INIT() {
  add(env, exports, "createTensor", create_tensor);
  add(env, exports, "executeOp", execute_op);
  add(env, exports, "tensorDataSync", tensor_data);
  add(env, exports, "isUsingGpuDevice", is_gpu);
  napi_value version;
  napi_create_string_utf8(env, "2.9.1", NAPI_AUTO_LENGTH, &version);
  napi_set_named_property(env, exports, "TF_Version", version);
  return exports;
}`

let folder: string
let server: Server
const asked: string[] = []

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'graft-package-'))
  asked.length = 0
  server = createServer((request, response) => {
    asked.push(basename(request.url ?? ''))
    const file = join(folder, request.url?.includes('libtensorflow') ? 'library.tar.gz' : 'binding.tar.gz')
    response.setHeader('content-length', statSync(file).size)
    createReadStream(file).pipe(response)
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The server has no port.')
  const host = `http://127.0.0.1:${address.port}`
  vi.stubEnv('CDN_STORAGE', `${host}/`)
  vi.stubEnv('npm_config_tfjs_binding_binary_host_mirror', host)
  vi.stubEnv('GRAFT_PYTHON', join(folder, 'no-python'))
})
afterEach(() => {
  vi.unstubAllEnvs()
  server.close()
  rmSync(folder, { recursive: true, force: true })
})

function run(program: string, ...parameters: string[]): void {
  const { status, stderr } = spawnSync(program, parameters, { encoding: 'utf8' })
  expect(status, stderr).toBe(0)
}

/** The two archives as the host has them: `lib/…` and `napi-v8/tfjs_binding.node`. */
async function writeArchives(): Promise<void> {
  const lib = join(folder, 'lib')
  const napi = join(folder, 'napi-v8')
  mkdirSync(lib)
  mkdirSync(napi)
  writeFileSync(join(folder, 'library.cc'), library)
  writeFileSync(join(folder, 'binding.cc'), binding)
  const compiler = process.env['CXX'] ?? 'g++'
  const shared = ['-std=c++17', '-fPIC', '-shared']
  const libraryFile = join(lib, 'libtensorflow.so.2')
  run(compiler, ...shared, '-Wl,-soname,libtensorflow.so.2', join(folder, 'library.cc'), '-o', libraryFile)
  const headers = `-I${await nodeHeaders(import.meta.dirname)}`
  const runPath = '-Wl,-rpath,$ORIGIN/../../deps/lib'
  const out = join(napi, 'tfjs_binding.node')
  run(compiler, ...shared, headers, join(folder, 'binding.cc'), libraryFile, runPath, '-o', out)
  run('tar', '-czf', join(folder, 'library.tar.gz'), '-C', folder, 'lib')
  run('tar', '-czf', join(folder, 'binding.tar.gz'), '-C', folder, 'napi-v8')
}

describe('the package’s own download', () => {
  it('makes a whole engine where there is no Python, and leaves the installed package alone', async () => {
    await writeArchives()
    const manifest = join(import.meta.dirname, '../../node_modules/@tensorflow/tfjs-node-gpu/package.json')
    const before = readFileSync(manifest, 'utf8')
    const cache = join(folder, 'cache')
    const engine = await provisionEngine({ cache })
    expect(asked).toEqual([
      expect.stringMatching(/^libtensorflow-cpu-.*\.tar\.gz$/),
      expect.stringMatching(/^CPU-.*\.tar\.gz$/),
    ])
    expect(engineFolder(cache)).toBe(engine)
    expect(engineManifest(engine)).toMatchObject({ source: 'package', tensorflow: '2.9.1', device: 'cpu' })
    expect(
      engineManifest(engine)
        ?.files.map(({ name }) => name)
        .sort(),
    ).toEqual(['deps/lib/libtensorflow.so.2', 'lib/napi-v8/tfjs_binding.node'])
    expect(readFileSync(manifest, 'utf8')).toBe(before)
  })
})
