import { toGraftError } from '../../src-main/contract'
import { api, onConnection, onEvent } from '../api'
import { useJobs } from './jobs'
import { createFollower } from './projection'
import { useProject } from './project'
import { useRuns } from './runs'
import { useSession } from './session'

/** Follows main from now on: a snapshot first, then events; a new snapshot each time the line comes back. */
export async function start(): Promise<void> {
  const session = useSession()
  const follower = createFollower([session, useProject(), useJobs(), useRuns()])
  onEvent(follower.event)

  const connect = async (): Promise<void> => {
    follower.begin()
    try {
      follower.snapshot(await api.session.connect({}))
      session.line = 'connected'
      session.lineError = null
    } catch (thrown) {
      session.line = 'lost'
      session.lineError = toGraftError(thrown)
    }
  }

  let connects = false
  onConnection((change) => {
    if (change !== 'open') session.line = change
    // The first opening is already waited for by the request below.
    else if (connects) void connect()
    connects = true
  })
  await connect()
}
