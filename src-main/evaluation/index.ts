export * from './evaluate'
export * from './metrics'
export * from './job'
