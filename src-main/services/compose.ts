import { type Client, createClient } from '../contract'
import { createDispatch, type Dispatch } from './dispatch'
import { createHandlers } from './handlers'
import { Workbench, type WorkbenchOptions } from './workbench'

/** A workbench with the two ways to ask it: by message, and by the typed client that sends the same messages. */
export interface Services {
  readonly bench: Workbench
  readonly dispatch: Dispatch
  readonly client: Client
}

/** Builds everything that answers requests, the same for every transport. */
export function composeServices(options: WorkbenchOptions): Services {
  const bench = new Workbench(options)
  const dispatch = createDispatch(createHandlers(bench), (error) => console.error(error))
  return { bench, dispatch, client: createClient({ invoke: dispatch }) }
}
