// `npm run bench`: this project beside its peers, in one run on one machine, written to
// docs/benchmarks.md. BENCH_MB and BENCH_ROUNDS make it shorter.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  candidatesCorpus,
  escapesCorpus,
  longLineCorpus,
  ordinaryCorpus,
  serverCorpus,
  type Corpus,
} from './corpora.js'
import { growingPack } from './growing-pack.js'
import { latency } from './latency.js'
import { secondsThroughSyslog } from './through-syslog.js'
import { compare, median, peakMemory, time, type Timing } from './timed.js'

const megabytes = Number(process.env['BENCH_MB'] ?? 450)
const rounds = Number(process.env['BENCH_ROUNDS'] ?? 3)
const project = fileURLToPath(new URL('../..', import.meta.url))
const dir = mkdtempSync(join(tmpdir(), 'bench-'))
process.on('exit', () => rmSync(dir, { recursive: true, force: true }))
const audit = `${project}bin/audit-log-handler -n -c ${dir}/no.ini`
const server = `${project}bin/server-log-handler -n -c ${dir}/no.ini`
const python = `python3 ${project}test/bench/article.py`
const counting = `node ${project}test/bench/count-bytes.mjs`
writeFileSync(join(dir, 'no.ini'), '')

const rows: string[] = []
const say = (text: string) => console.log(text)

interface Asked {
  readonly what: string
  /** How a figure reads, and whether it is what was asked for. */
  readonly measured: string
  readonly asked: string
  readonly isMet: boolean
}

function row({ what, measured, asked, isMet }: Asked): void {
  rows.push(`| ${what} | ${asked} | ${measured} | ${isMet ? 'yes' : 'no'} |`)
  say(`${isMet ? 'met   ' : 'MISSED'} ${what}: ${measured} (asked: ${asked})`)
}

function faster(what: string, ours: number, theirs: number, asked: number): void {
  const ratio = theirs / ours
  row({
    what,
    measured: `${ratio.toFixed(1)} times`,
    asked: `${asked} times faster`,
    isMet: ratio >= asked,
  })
}

function atMost(what: string, value: number, limit: number, unit: string): void {
  const measured = `${value.toFixed(value < 10 ? 2 : 0)} ${unit}`
  row({ what, measured, asked: `at most ${limit} ${unit}`, isMet: value <= limit })
}

function table(
  title: string,
  { bytes, lines }: Corpus,
  timings: ReadonlyMap<string, Timing>,
): void {
  const size = `${(bytes / 1e6).toFixed(0)} MB, ${lines} lines`
  details.push(
    '',
    `### ${title} (${size})`,
    '',
    '| | wall | CPU | MB/s |',
    '| --- | --- | --- | --- |',
  )
  for (const [name, { wall, cpu }] of timings) {
    const rate = (bytes / 1e6 / wall).toFixed(0)
    details.push(`| ${name} | ${wall.toFixed(2)} s | ${cpu.toFixed(2)} s | ${rate} |`)
  }
}
const details: string[] = []

/** Ordinary traffic. */
const ordinary = ordinaryCorpus(join(dir, 'ordinary.jsonl'), megabytes * 1e6)
const jq = `jq -c 'select(.request.path | startswith("sys/raw"))'`
const onOrdinary = compare(
  {
    'this project': audit,
    'the algorithm in Python': python,
    jq,
    'grep -c': 'grep -c sys/raw',
    'node counting bytes': counting,
  },
  ordinary.file,
  rounds,
)
table('Ordinary audit traffic, 0.1 % alerts', ordinary, onOrdinary)
const ours = onOrdinary.get('this project')!
faster(
  "ordinary traffic, CPU against the article's algorithm in Python",
  ours.cpu,
  onOrdinary.get('the algorithm in Python')!.cpu,
  4,
)
atMost(
  'ordinary traffic, wall against node counting bytes',
  ours.wall / onOrdinary.get('node counting bytes')!.wall,
  2,
  'times',
)
faster(
  'ordinary traffic, wall against jq with one startswith',
  ours.wall,
  onOrdinary.get('jq')!.wall,
  8,
)

/** Lines that have to be decoded. */
const candidates = candidatesCorpus(join(dir, 'candidates.jsonl'), (megabytes / 4) * 1e6)
const onCandidates = compare(
  { 'this project': audit, 'the algorithm in Python': python },
  candidates.file,
  rounds,
)
table(
  'Every line a candidate: logins, counted by rules over time',
  candidates,
  onCandidates,
)
faster(
  'every line a candidate, CPU against Python',
  onCandidates.get('this project')!.cpu,
  onCandidates.get('the algorithm in Python')!.cpu,
  1.5,
)
const escapes = escapesCorpus(join(dir, 'escapes.jsonl'), (megabytes / 4) * 1e6)
table(
  'Every line with an escape',
  escapes,
  compare(
    { 'this project': audit, 'the algorithm in Python': python },
    escapes.file,
    rounds,
  ),
)

/** The server log. */
const messages = serverCorpus(join(dir, 'server.log'), (megabytes / 4) * 1e6)
writeFileSync(join(dir, 'sec.conf'), secRules())
const sec = `sec --conf=${dir}/sec.conf --input=- --notail --quiet`
const onServer = compare(
  { 'this project': server, 'SEC, ten patterns': sec },
  messages.file,
  rounds,
)
table('Server log', messages, onServer)
faster(
  'server log, CPU against SEC with ten patterns',
  onServer.get('this project')!.cpu,
  onServer.get('SEC, ten patterns')!.cpu,
  3,
)

/** Sizes. */
const times = Math.ceil(2e9 / ordinary.bytes)
atMost(
  'resident memory over 2 GB of input',
  await peakMemory(audit.split(' '), ordinary.file, times),
  150,
  'MB',
)
const long = longLineCorpus(join(dir, 'long.jsonl'), 256 * 2 ** 20 - 1024)
writeFileSync(join(dir, 'long.ini'), '[limits]\nmax_line_bytes = 268435456\n')
const longAudit = audit.replace('no.ini', 'long.ini')
atMost('one line of 256 MiB, CPU', time(longAudit, long.file).cpu, 10, 's')
atMost(
  'one line of 256 MiB, resident memory',
  await peakMemory(longAudit.split(' '), long.file, 1),
  1_000,
  'MB',
)
atMost(
  'one line of 256 MiB over the packaged limit, CPU',
  time(audit, long.file).cpu,
  10,
  's',
)

/** Start, latency, growth. */
writeFileSync(join(dir, 'empty'), '')
const starts = compare(
  { ours: audit, node: "node -e ''" },
  join(dir, 'empty'),
  4 * rounds,
)
atMost(
  'start to exit on empty input against node',
  starts.get('ours')!.wall / starts.get('node')!.wall,
  2.5,
  'times',
)
const handler = `${project}bin/audit-log-handler`
const idles = [
  await latency(handler, 100),
  await latency(handler, 100),
  await latency(handler, 100),
]
const idle = idles.toSorted((a, b) => a.p99 - b.p99)[1]!
atMost('line to POST, idle, p99', idle.p99, 20, 'ms')
const filler = readFileSync(ordinaryCorpus(join(dir, 'quiet.jsonl'), 50e6, false).file)
const busy = await latency(handler, 100, {
  text: filler,
  bytesPerSecond: 50e6,
})
details.push(
  '',
  `Line to POST: p50 ${idle.p50.toFixed(1)} ms, p99 ${idle.p99.toFixed(1)} ms idle; p50 ${busy.p50.toFixed(1)} ms, p99 ${busy.p99.toFixed(1)} ms under 50 MB/s.`,
)
/** What the handler costs where syslog-ng feeds it. */
const cat: number[] = []
const handled: number[] = []
for (let i = 0; i < rounds; i++) {
  cat.push(await secondsThroughSyslog(ordinary, () => '/bin/cat'))
  const into = (home: string) =>
    `${handler} -c ${dir}/no.ini --alert-log ${home}/a.alert --state-dir ${home}/state`
  handled.push(await secondsThroughSyslog(ordinary, into))
}
const through = (seconds: number[]) => ordinary.bytes / 1e6 / median(seconds)
details.push(
  '',
  `Ordinary audit traffic through real syslog-ng, which stores it too: ${through(handled).toFixed(0)} MB/s into the handler, ${through(cat).toFixed(0)} MB/s with cat in its place, a ratio of ${(through(handled) / through(cat)).toFixed(2)}.`,
)
const packs = growingPack(join(dir, 'packs'), [10, 200])
const grown = compare(
  Object.fromEntries(packs.map(pack => [pack, `${audit} -r ${pack}`])),
  ordinary.file,
  rounds,
)
const [few, many] = packs.map(pack => grown.get(pack)!.cpu)
atMost('cost as rules grow from 10 to 200', many! / few!, 2, 'times')

const versionOf = (command: string, ...args: string[]) =>
  execFileSync(command, args, { encoding: 'utf8' }).split('\n')[0]!.trim()
const machine = `${cpus().length} × ${cpus()[0]!.model}, ${(totalmem() / 2 ** 30).toFixed(0)} GiB; Node ${process.version}, ${versionOf('python3', '--version')}, ${versionOf('jq', '--version')}, ${versionOf('sec', '--version')}`
writeFileSync(
  join(project, 'docs/benchmarks.md'),
  `# Benchmarks

Written by \`npm run bench\` on ${new Date().toISOString().slice(0, 10)}: medians of ${rounds} rounds, in which
the commands take turns, each reading the same file through a pipe.

Machine: ${machine}.

The corpora are made by [test/bench/corpora.ts](../test/bench/corpora.ts), always the same. All figures are with
the packaged rules that are on by default, unless rules are what grows.

| | asked | measured | met |
| --- | --- | --- | --- |
${rows.join('\n')}
${details.join('\n')}

## Where the time goes, and what is missed

By profile, of 450 MB of ordinary traffic: a third is the scan, 0.6 µs for a line of 720 bytes. Of that a
sixth finds the quotes, a quarter makes sure that the line is well-formed JSON, so that the counters of entries
and of undecodable lines stay right, two fifths look for what rules need in keys and values, a fifth for what may
be anywhere in a line. A fifth of all is V8 compiling what runs often, nearly all of it on other threads, and
that whatever the size of the input. A tenth is the start, a fifth reading, a tenth the lines that may match a
rule, one in 150, and a twentieth the alerts. Four times Python's speed would leave 1.0 s, of which the start and
bare reading take half.

Tried, and not kept: lists of literals by their key and first bytes (no gain), three first bytes instead of two
for what may be anywhere (none), functions with loops inlined by wasm-opt (a tenth slower), V8's compilers later
(a tenth less here, a tenth more where all lines are decoded), or never (a sixth less up to 150 MB, a tenth more
from 900 MB on), less inlining (a twentieth less on Node 20, a twelfth more on 24 where all lines are decoded), one
thread for V8, a larger young generation (less time, more memory than a small log server has), request ids in
place of their hashes to tell copies apart (a tenth less where all lines count, and twice the memory), those
hashes whole, as text (a twenty-fifth less there, a quarter more memory). Not tried:
the scan on a thread of its own, which would overlap with reading, for twice the memory; to look into values only
once a rule depends on it. Without validating lines the scan could be a quarter faster, and corrupt lines would
go uncounted.

Where every line is decoded, V8's JSON.parse alone takes half of what Python's parser, written in C, and its
whole loop take; rules over time then keep and age each login. What would help is reading only the fields that
the candidates ask for. Of the start, loading and compiling our code and the packages is half, reading and
checking the packaged rules a quarter.

One line of 256 MiB is in memory as bytes, as text and as values at once.
`,
)

/** The article's ten patterns on the server log. */
function secRules(): string {
  const patterns = [
    'root token generated',
    'enabled credential backend',
    'vault is sealed',
    'vault is unsealed',
    'Vault shutdown triggered',
    'root generation initialized',
    'root generation finished',
    'core: rekey initialized',
    'core: security barrier rekeyed',
    'core: security barrier initialized',
  ]
  return patterns
    .map(
      pattern =>
        `type=single\nptype=regexp\npattern=vault.*${pattern}\ndesc=$0\naction=write - $0\n`,
    )
    .join('\n')
}
