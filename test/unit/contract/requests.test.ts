import { describe, expect, it } from 'vitest'
import { createClient, findRequest, type Reply, requests } from '../../../src-main/contract'

const names = Object.entries(requests).flatMap(([noun, verbs]) =>
  Object.keys(verbs).map((verb) => `${noun}.${verb}`),
)

describe('the table of requests', () => {
  it('is found by every name that the client can send', () => {
    expect(names.length).toBeGreaterThan(25)
    for (const name of names) expect(findRequest(name), name).not.toBeNull()
  })

  it.each([
    '',
    'project',
    'project.',
    '.open',
    'project.open.x',
    'constructor.name',
    '__proto__.x',
    'project.toString',
    'toString.call',
  ])('does not find %j', (name) => expect(findRequest(name)).toBeNull())

  it('takes no input but an object', () => {
    for (const name of names)
      for (const input of [undefined, null, 1, 'x', [], true])
        expect(findRequest(name)?.input.safeParse(input).success, `${name} ${JSON.stringify(input)}`).toBe(
          false,
        )
  })

  it('is what the client sends, by noun and verb', async () => {
    const sent: [string, unknown][] = []
    const client = createClient({
      invoke: async (name, input): Promise<Reply> => {
        sent.push([name, input])
        return { ok: true, value: {} }
      },
    })
    await client.project.forget({ path: '/p' })
    await client.jobs.cancel({ job: 'job-1' })
    expect(sent).toEqual([
      ['project.forget', { path: '/p' }],
      ['jobs.cancel', { job: 'job-1' }],
    ])
  })

  it('refuses an answer that is none', async () => {
    const client = createClient({ invoke: () => Promise.resolve(JSON.parse('{"value":1}')) })
    await expect(client.session.connect({})).rejects.toThrow()
  })
})
