import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { Alert } from '../../src/alert/alert.js'
import { composeDigest } from '../../src/delivery/compose-digest.js'
import { sampleAlert } from '../fixtures/alerts.js'

const now = Date.parse('2026-11-24T08:00:00Z')
const alertLog = '/var/log/vault/audit.alert'

function events(name: string, count: number): Alert[][] {
  return Array.from({ length: count }, (_, i) => [sampleAlert({ id: `${name}-${i}` })])
}

/** The file of ids that a digest's command names. */
function idFile(find: string): string {
  return / -Ff (\S+)$/.exec(find)?.[1] ?? ''
}

t.test('digests of one moment have each a file of their own ids', async t => {
  const dir = t.testdir()
  // More than are summed up in one turn, so that they take turns.
  const counts = { slack: 1_200, teams: 700, webex: 1 }
  const composed = await Promise.all(
    Object.entries(counts).map(([name, count]) =>
      composeDigest(events(name, count), 'flood', dir, alertLog, now),
    ),
  )
  for (const [i, [name, count]] of Object.entries(counts).entries()) {
    const file = idFile(composed[i]!.digest.find)
    const expected = events(name, count).map(([alert]) => `${alert!.id}\n`)
    t.equal(readFileSync(file, 'utf8'), expected.join(''))
  }
  composed[0]!.discard()
  t.equal(readdirSync(join(dir, 'digests')).length, 2, 'the others stay')
})

t.test('of 500 files the oldest goes', async t => {
  const dir = t.testdir()
  mkdirSync(join(dir, 'digests'))
  const names = Array.from({ length: 500 }, (_, i) => {
    return `20261123T${String(i).padStart(9, '0')}Z-00000000.ids`
  })
  for (const name of names) writeFileSync(join(dir, 'digests', name), '')
  const composed = await composeDigest(events('new', 1), 'replay', dir, alertLog, now)
  const left = readdirSync(join(dir, 'digests')).sort()
  t.equal(left.length, 500)
  t.notOk(left.includes(names[0]!))
  t.equal(join(dir, 'digests', left.at(-1)!), idFile(composed!.digest.find))
})

t.test('without a file, the command shows a range', async t => {
  const dir = t.testdir({ digests: 'a file in its place' })
  const composed = await composeDigest(events('a', 3), 'flood', dir, alertLog, now)
  t.equal(composed?.digest.find, `sed -n '/a-0/,/a-2/p' ${alertLog}`)
})

t.test('the command lists alerts of several alert logs, each where it is', async t => {
  const logs = ['/var/log/vault/audit.alert', '/srv/my logs/messages.alert', undefined]
  const from = logs.map((log, i) => [
    sampleAlert({
      id: `${i}`,
      facts: { find: '', ...(log !== undefined && { alertLog: log }) },
    }),
  ])
  const dir = t.testdir()
  const composed = await composeDigest(from, 'flood', dir, alertLog, now)
  const find = composed!.digest.find
  const [first, second] = ['/var/log/vault', `'/srv/my logs'`].map(
    folder => `${folder}/archive/*.alert* ${folder}/*.alert`,
  )
  t.equal(find, `zstdcat -qf ${first} ${second} | grep -Ff ${idFile(find)}`)

  writeFileSync(`${dir}/file`, '')
  const range = await composeDigest(from, 'flood', `${dir}/file`, alertLog, now)
  t.equal(range?.digest.find, `sed -n '/0/,/2/p' ${logs[0]} '${logs[1]}'`)
})

t.test('nothing makes no digest, and leaves no file', async t => {
  const dir = t.testdir()
  t.equal(await composeDigest([], 'flood', dir, alertLog, now), undefined)
  t.strictSame(readdirSync(join(dir, 'digests')), [])
})
