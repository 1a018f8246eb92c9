import { rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import t from 'tap'
import { filesBelow, readBuiltRules } from '../../src/rule/built-rules.js'
import { writeFiles } from '../fixtures/site.js'

t.test(
  'what the build has left is taken as long as the rules are as it found them',
  t => {
    const dir = t.testdir()
    const rule = join(dir, 'rules/audit/a.json')
    const folder = pathToFileURL(`${dir}/rules/`)
    const file = pathToFileURL(join(dir, 'built.json'))
    const read = () => readBuiltRules(file, folder)
    writeFiles(dir, { 'rules/audit/a.json': '{}', 'rules/lists/l.json': '["x"]' })
    t.equal(read(), undefined, 'without a build there is nothing')

    const rules = [{ id: 'a' }]
    const lists = { l: ['x'] }
    writeFileSync(file, JSON.stringify({ files: filesBelow(folder), rules, lists }))
    t.strictSame(read(), { rules, lists: new Map([['l', ['x']]]) })

    utimesSync(rule, 1_000_000, 1_000_000)
    t.equal(
      read(),
      undefined,
      'a rule was put in the place of another, as old as it may be',
    )
    writeFileSync(file, JSON.stringify({ files: filesBelow(folder), rules, lists }))
    t.not(read(), undefined)
    writeFileSync(rule, '{ }')
    utimesSync(rule, 1_000_000, 1_000_000)
    t.equal(read(), undefined, 'one is longer')
    writeFileSync(rule, '{}')
    utimesSync(rule, 1_000_000, 1_000_000)
    t.not(read(), undefined, 'and is as it was')
    writeFiles(dir, { 'rules/overrides/a.json': '{}' })
    t.equal(read(), undefined, 'there is one more')
    rmSync(join(dir, 'rules/overrides'), { recursive: true })
    rmSync(join(dir, 'rules/lists/l.json'))
    t.equal(read(), undefined, 'one is gone')
    writeFiles(dir, { 'built.json': '{"files":' })
    t.equal(read(), undefined, 'half a file of the build')
    t.end()
  },
)
