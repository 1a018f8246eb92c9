import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { writeFileSync } from 'node:fs'
import t from 'tap'
import { auditLine } from '../fixtures/entries.js'
import { fewRules } from '../fixtures/few-rules.js'
import { ordinaryTraffic } from '../fixtures/ordinary-traffic.js'
import { inSystemEnv } from './system-env.js'

const handler = fileURLToPath(new URL('../../bin/audit-log-handler', import.meta.url))
const hasParallel = spawnSync('parallel', ['--version']).status === 0
const skip = hasParallel ? false : 'NOT TESTED: GNU parallel is not on this machine'

t.test('rules on one entry alert alike in 1, 2 and 4 parts', { skip }, async t => {
  const lines = [...ordinaryTraffic()]
    .slice(0, 6_000)
    .flatMap((line, i) =>
      i % 100 === 0 ? [line, auditLine({ id: `alert-${i}` })] : [line],
    )
  const file = `${t.testdir()}/audit`
  writeFileSync(file, lines.map(line => `${line}\n`).join(''))
  const command = [process.execPath, handler, '-n', ...fewRules].join(' ')
  // As docs/scaling.md has it.
  const inParts = (count: number) => {
    const script = `parallel --pipe --block 1M --jobs ${count} '${command}' < ${file} | jq -cs 'unique_by(.id)[] | .id'`
    const { status, stdout, stderr } = spawnSync('env', inSystemEnv('sh', '-c', script), {
      encoding: 'utf8',
    })
    t.equal(status, 0, stderr)
    return stdout
  }
  const inOne = spawnSync(
    'env',
    inSystemEnv('sh', '-c', `${command} < ${file} | jq -cs 'unique_by(.id)[] | .id'`),
    { encoding: 'utf8' },
  ).stdout
  t.ok(inOne.split('\n').length > 20)
  for (const count of [1, 2, 4]) t.equal(inParts(count), inOne, `${count} parts`)
})
