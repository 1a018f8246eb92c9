// What stands in front of a program's own text. Every pattern is anchored and each of its
// repetitions bounded: a hostile line of 64 MiB costs no more here than a short one.

const isoDate = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)`
const bsdDate = String.raw`(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) {1,2}\d{1,2} \d\d:\d\d:\d\d`

const priorityPart = /^<(\d{1,3})> ?/
// Two spaces: the template's host was empty.
const datePart = new RegExp(`^(${isoDate}|${bsdDate}) {1,2}`)
// No host starts like a date, JSON, `==> ` or `| `: there the host is missing, as it is in
// `docker logs --timestamps`.
const hostPart = /^(?!\d{4}[-/]\d\d[-/]\d\d|[{=|])(\S{1,255})(?: |$)/
// `panic: ` is how Go starts its last words, no program.
const programPart =
  /^(?!panic: )([^\s[\]:"{}=<>|]{1,128})(?:\[([^\s[\]]{1,32})\])?:(?: |$)/

const interrupt = /^\^C(?===> )/
const composePrefix = /^([\w.-]{1,128}) {1,64}\| /
const criPrefix = new RegExp(`^(${isoDate}) (?:stdout|stderr) [FP] `)
// Service names are lower case, levels upper: `[INFO]` after a date is never a service.
const snapPrefix = new RegExp(`^(${isoDate}) \\[([a-z][a-z0-9.-]{0,63})\\] `)

/** The parts of a syslog header, absent ones undefined. */
export interface SyslogHeader {
  /** As it is written. */
  readonly date: string | undefined
  readonly host: string | undefined
  readonly program: string | undefined
  readonly pid: string | undefined
  /** What follows the header, its indentation kept. */
  readonly rest: string
}

/** A text without what a container runtime put in front of it. */
export interface Uncontained {
  /** The container or service that the prefix names, '' where it names none. */
  readonly container: string
  /** The prefix's date as it is written. */
  readonly date: string | undefined
  readonly rest: string
}

/** Takes a leading `<PRI>` (RFC 3164 4.1.1, a space after it allowed) off a line. */
export function readPriority(line: string): {
  priority: number | undefined
  rest: string
} {
  const found = priorityPart.exec(line)
  if (!found) return { priority: undefined, rest: line }
  return { priority: Number(found[1]), rest: line.slice(found[0].length) }
}

/**
 * Reads `date? host? program[pid]: rest` (RFC 3164 4.1 as syslog-ng and rsyslog write it; the
 * date also ISO 8601 with a zone; behind a date the program may be missing). Undefined where
 * the text starts with neither a date nor a program. It looks at the first 600 characters or so.
 */
export function readSyslogHeader(text: string): SyslogHeader | undefined {
  const dated = datePart.exec(text)
  const date = dated?.[1]
  let rest = dated ? text.slice(dated[0].length) : text

  let tagged = programPart.exec(rest)
  let host: string | undefined
  if (!tagged) {
    const hosted = hostPart.exec(rest)
    host = hosted?.[1]
    if (hosted) rest = rest.slice(hosted[0].length)
    tagged = hosted && programPart.exec(rest)
  }
  if (!tagged) return date === undefined ? undefined : { ...noProgram, date, host, rest }
  const [{ length }, program, pid] = tagged
  return { date, host, program, pid, rest: rest.slice(length) }
}

const noProgram = { program: undefined, pid: undefined }

/**
 * Takes the known prefixes of container runtimes off a text, each at most once: docker compose
 * (`vault_1   | `), Kubernetes CRI (`<date> stdout F `), snap (`<date> [vault] `), and the `^C`
 * that a terminal echoes before `==> `. Anything else stays: a prefix that could be any text
 * would let what an attacker typed become the start of a line.
 */
export function stripContainerPrefix(text: string): Uncontained {
  let rest = text
  const compose = composePrefix.exec(rest)
  if (compose) rest = rest.slice(compose[0].length)
  const dated = criPrefix.exec(rest) ?? snapPrefix.exec(rest)
  if (dated) rest = rest.slice(dated[0].length)
  return {
    container: compose?.[1] ?? dated?.[2] ?? '',
    date: dated?.[1],
    rest: rest.replace(interrupt, ''),
  }
}
