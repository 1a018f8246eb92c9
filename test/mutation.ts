// Proves the tests: breaks one thing of the rule language at a time, in a copy of the project, and
// demands that a test fails. A mutation whose text is no longer in the source is a failure too, so
// that this list can't fall behind the source in silence.
import { spawn } from 'node:child_process'
import {
  cpSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** One text of the source, and what each mutation makes of it. */
interface Target {
  readonly name: string
  readonly file: string
  /** There exactly once. */
  readonly text: string
  readonly mutations: Readonly<Record<string, string>>
  /** The test file that must notice. */
  readonly test: string
}

/** One mutation of one target. */
interface Mutant extends Omit<Target, 'mutations'> {
  readonly mutation: string
  readonly replacement: string
}

/** What became of a mutant; only `killed` is well. */
type Outcome = 'killed' | 'SURVIVED' | 'TEXT NOT FOUND' | 'BROKEN'

const root = fileURLToPath(new URL('..', import.meta.url))
const languageTest = 'test/rule/compile-rule.test.ts'
const pipelineTest = 'test/pipeline.test.ts'
const alertTest = 'test/alert/alert.test.ts'
/** A mutant may loop for ever. */
const timeoutMs = 60_000

function operator(
  name: string,
  text: string,
  negated: string,
  always = text.replace(/\S.*/s, 'true'),
): Target {
  const mutations = { negated, 'always true': always }
  return { name, file: 'src/rule/operators.ts', text, mutations, test: languageTest }
}

function literals(name: string, text: string, mutations: Record<string, string>): Target {
  return { name, file: 'src/rule/literals.ts', text, mutations, test: languageTest }
}

function language(name: string, text: string, mutations: Record<string, string>): Target {
  return {
    name,
    file: 'src/rule/compile-condition.ts',
    text,
    mutations,
    test: languageTest,
  }
}

function rule(name: string, text: string, mutations: Record<string, string>): Target {
  return { name, file: 'src/rule/compile-rule.ts', text, mutations, test: languageTest }
}

const targets: readonly Target[] = [
  operator('equals', 'value === operand', 'value !== operand'),
  operator('in', 'members.has(value)', '!members.has(value)'),
  operator('startsWith', 'text.startsWith(prefix)', '!text.startsWith(prefix)'),
  operator('endsWith', 'text.endsWith(suffix)', '!text.endsWith(suffix)'),
  operator('contains', 'text.includes(part)', '!text.includes(part)'),
  operator('matches', 'regex.test(text)', '!regex.test(text)'),
  operator(
    'path',
    '        return test\n',
    '        return (path: string) => !test(path)\n',
    '        return () => true\n',
  ),
  operator('gt', 'value > operand', '!(value > operand)'),
  operator('gte', 'value >= operand', '!(value >= operand)'),
  operator('lt', 'value < operand', '!(value < operand)'),
  operator('lte', 'value <= operand', '!(value <= operand)'),
  operator(
    'cidr',
    'text => isInside(networks, text)',
    'text => !isInside(networks, text)',
    '() => true',
  ),
  operator(
    'during',
    'return anyText([test])',
    'return anyText([time => !test(time)])',
    'return anyText([() => true])',
  ),
  language('exists', 'isEmpty(value) !== exists', {
    negated: 'isEmpty(value) === exists',
    'always true': 'true',
  }),
  language('not, of a matcher', 'tests.push(value => !negated(value))', {
    negated: 'tests.push(value => negated(value))',
    'always true': '',
  }),
  language('not, of a condition', 'entry => !only!(entry)', {
    negated: 'entry => only!(entry)',
    'always true': '() => true',
  }),
  language(
    'all, and fields of a condition',
    'entry => tests.every(test => test(entry))',
    {
      negated: 'entry => !tests.every(test => test(entry))',
      'always true': '() => true',
      'as any': 'entry => tests.some(test => test(entry))',
    },
  ),
  language('any', 'entry => tests.some(test => test(entry))', {
    negated: 'entry => !tests.some(test => test(entry))',
    'always true': '() => true',
    'as all': 'entry => tests.every(test => test(entry))',
  }),
  language('operators of a matcher', 'return value => tests.every(test => test(value))', {
    negated: 'return value => !tests.every(test => test(value))',
    'always true': 'return () => true',
    'as any': 'return value => tests.some(test => test(value))',
  }),
  language(
    'one element, all operators',
    'element => tests.every(test => test(element))',
    {
      negated: 'element => !tests.every(test => test(element))',
      'always true': '() => true',
      'as any': 'element => tests.some(test => test(element))',
    },
  ),
  rule('when', 'when.holds(entry) && !unless.holds(entry)', {
    negated: '!when.holds(entry) && !unless.holds(entry)',
    'always true': '!unless.holds(entry)',
  }),
  rule('unless', '&& !unless.holds(entry)', {
    negated: '&& unless.holds(entry)',
    'always true': '&& !true',
    'never true': '',
  }),
  {
    name: 'request and response: known ids',
    file: 'src/matching.ts',
    text: 'if (knownIds.add(alert.id)) return [alert]',
    mutations: {
      negated: 'if (!knownIds.add(alert.id)) return [alert]',
      'always true': 'if (knownIds.add(alert.id) && false) return [alert]',
      'never true': 'if (knownIds.add(alert.id) || true) return [alert]',
    },
    test: pipelineTest,
  },
  literals('literals: not', "if (key === 'not') return []", {
    'as itself': "if (key === 'not') return ofCondition(value as Condition, log, lists)",
  }),
  literals(
    'literals: any',
    'if (!rarest.every(group => group !== undefined)) return []',
    {
      'of some': 'if (rarest.every(group => group === undefined)) return []',
      never: 'return []',
    },
  ),
  literals(
    'literals: any, what all have',
    'branches.every(branch => branch.some(other => isSame(group, other)))',
    {
      'or one': 'branches.some(branch => branch.some(other => isSame(group, other)))',
      never: 'false',
    },
  ),
  literals(
    'literals: missing fields',
    "return matcher['exists'] !== true && names.length === 0",
    { 'never pass': 'return false', 'always pass': 'return true' },
  ),
  literals('literals: numbers', "value => typeof value !== 'number' && ", {
    'as text': 'value => ',
  }),
  {
    name: 'request and response: identity',
    file: 'src/entry/audit-entry.ts',
    text: "if (typeof id === 'string' && id !== '') return ['audit', id]",
    mutations: {
      negated: "if (!(typeof id === 'string' && id !== '')) return ['audit', '']",
      'always true': "return ['audit', String(id)]",
      'with the type':
        "if (typeof id === 'string' && id !== '') return ['audit', id, String(fields['type'])]",
      'without the id': "if (typeof id === 'string' && id !== '') return ['audit']",
    },
    test: alertTest,
  },
  {
    name: 'memory of ids',
    file: 'src/alert/known-ids.ts',
    text: 'if (older.has(id) || !newer.add(id)) return false',
    mutations: {
      'without the older': 'if (!newer.add(id)) return false',
      'always true': 'return false',
      'never true': 'newer.add(id)',
    },
    test: pipelineTest,
  },
]

/** A copy of what tests need of the project. */
function copyProject(): string {
  const copy = mkdtempSync(join(tmpdir(), 'mutation-'))
  for (const part of ['src', 'test', 'rules', 'package.json', 'tsconfig.json']) {
    cpSync(join(root, part), join(copy, part), { recursive: true })
  }
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
  return copy
}

/** Runs a test file up to its first failure; a tap test is a plain program. */
function runTest(
  project: string,
  test: string,
): Promise<{ failed: boolean; output: string }> {
  return new Promise(resolve => {
    const env = { ...process.env, TAP_BAIL: '1', NODE_EXTRA_CA_CERTS: undefined }
    const options = { cwd: project, env, timeout: timeoutMs }
    const child = spawn(process.execPath, ['--import', 'tsx', test], options)
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => (output += text))
    }
    child.on('close', status => resolve({ failed: status !== 0, output }))
  })
}

async function tryMutant(project: string, mutant: Mutant): Promise<Outcome> {
  const file = join(project, mutant.file)
  const source = readFileSync(file, 'utf8')
  const parts = source.split(mutant.text)
  if (parts.length !== 2) return 'TEXT NOT FOUND'
  writeFileSync(file, parts.join(mutant.replacement))
  try {
    const { failed, output } = await runTest(project, mutant.test)
    if (!failed) return 'SURVIVED'
    // A mutant that doesn't even load proves nothing.
    return /^\s*not ok /m.test(output) ? 'killed' : 'BROKEN'
  } finally {
    writeFileSync(file, source)
  }
}

/** Works through the tasks, several at once, each worker in a project copy of its own. */
async function inCopies<Task, Result>(
  tasks: readonly Task[],
  work: (project: string, task: Task) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = []
  const left = [...tasks.entries()]
  const worker = async () => {
    const project = copyProject()
    try {
      for (let next = left.shift(); next !== undefined; next = left.shift()) {
        const [i, task] = next
        results[i] = await work(project, task)
      }
    } finally {
      rmSync(project, { recursive: true })
    }
  }
  await Promise.all(Array.from({ length: availableParallelism() }, worker))
  return results
}

const mutants: readonly Mutant[] = targets.flatMap(({ mutations, ...target }) =>
  Object.entries(mutations).map(([mutation, replacement]) => ({
    ...target,
    mutation,
    replacement,
  })),
)

const tests = [...new Set(targets.map(({ test }) => test))]
const unbroken = await inCopies(tests, runTest)
for (const [i, { failed, output }] of unbroken.entries()) {
  if (!failed) continue
  console.error(`${tests[i]} fails without any mutation:\n${output}`)
  process.exit(1)
}

const results = await inCopies(mutants, async (project, mutant) => ({
  ...mutant,
  outcome: await tryMutant(project, mutant),
}))
for (const { outcome, name, mutation, file } of results) {
  console.log([outcome.padEnd(15), name.padEnd(32), mutation.padEnd(15), file].join(' '))
}
const killed = results.filter(({ outcome }) => outcome === 'killed').length
console.log(`\n${killed} of ${mutants.length} mutants killed`)
if (killed < mutants.length) process.exitCode = 1
