export * from './column'
export * from './errors'
export * from './tags'
export * from './width'
