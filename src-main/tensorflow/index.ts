/** TensorFlow under Node: the engine that provisioning brings, sessions on graphs, and operations one by one. */
export { type LoadOptions, loadTensorFlow, type TensorFlow } from './binding'
export { OpExecutor } from './executor'
export { engineFolder } from './provision'
export { type Feed, type FeedSpec, GraphSession, PreparedCall } from './session'
export type { HostData, HostTensor } from './tensors'
