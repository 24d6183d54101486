import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { projectArgument } from '../../../src-main/shell/arguments'
import {
  appUrl,
  isAppUrl,
  mayNavigate,
  mayOpenWindow,
  mayUse,
} from '../../../src-main/shell/navigationPolicy'

describe('where the window may go', () => {
  it.each([appUrl, 'app://graft/', 'app://graft/index.html#/train', 'app://graft/assets/app.js?x=1'])(
    '%s: yes',
    (url) => {
      expect(isAppUrl(url)).toBe(true)
      expect(mayNavigate(url)).toBe(true)
    },
  )

  it.each([
    'https://evil.example/',
    'http://127.0.0.1:8321/',
    'file:///etc/passwd',
    'app://evil/index.html',
    'app://graft.evil/index.html',
    'app://graft:80/index.html',
    'app://user@graft/index.html',
    'app://user:secret@graft/index.html',
    'App2://graft/index.html',
    'javascript:alert(1)',
    'data:text/html,<script>alert(1)</script>',
    'blob:app://graft/1234',
    'about:blank',
    'devtools://devtools/bundled/inspector.html',
    '',
    'graft',
  ])('%s: no', (url) => {
    expect(isAppUrl(url)).toBe(false)
    expect(mayNavigate(url)).toBe(false)
  })

  it('no window opens another, not even of ours', () => {
    expect([appUrl, 'https://evil.example/', 'about:blank'].some(mayOpenWindow)).toBe(false)
  })

  it('needs no permission but to copy', () => {
    const asked = [
      'media',
      'geolocation',
      'notifications',
      'clipboard-read',
      'midi',
      'openExternal',
      'fileSystem',
      'hid',
    ]
    expect(asked.filter(mayUse)).toEqual([])
    expect(mayUse('clipboard-sanitized-write')).toBe(true)
  })
})

describe('the project that a start names', () => {
  const app = resolve('/opt/graft')
  it.each([
    [['electron', '/opt/graft'], null],
    [['electron', '--no-sandbox', '/opt/graft', 'my'], resolve('/home/me/my')],
    [['graft', '/data/p/graft.json'], resolve('/data/p')],
    [['graft', '--inspect=0', '--allow-file-access-from-files'], null],
    [['electron', '.'], resolve('/home/me')],
    [['graft', '/data/p', '--original-process-start-time=1'], resolve('/data/p')],
  ])('%j → %s', (argv, expected) => {
    expect(projectArgument(argv, '/home/me', app)).toBe(expected)
  })
})
