// The inputs of the benchmarks: always the same bytes for the same size.

import { createHash } from 'node:crypto'
import { closeSync, openSync, writeSync } from 'node:fs'
import { ordinaryTraffic } from '../fixtures/ordinary-traffic.js'

/** What a benchmark reads. */
export interface Corpus {
  readonly file: string
  readonly bytes: number
  readonly lines: number
}

/** The first moment of the traffic. */
const start = Date.parse('2026-03-02T00:00:00Z')
/** As busy as a log server gets that has something to gain here. */
const linesPerSecond = 2_000

/** Writes lines to a file until it has so many bytes. */
function write(file: string, bytes: number, lines: Iterable<string>): Corpus {
  const fd = openSync(file, 'w')
  let [written, count, part] = [0, 0, '']
  const flush = () => {
    written += writeSync(fd, part)
    part = ''
  }
  for (const line of lines) {
    part += `${line}\n`
    count += 1
    if (part.length > 1 << 20) flush()
    if (written + part.length >= bytes) break
  }
  flush()
  closeSync(fd)
  return { file, bytes: written, lines: count }
}

/** An audit log as Vault writes it all day; one line of a thousand alerts. */
export function ordinaryCorpus(file: string, bytes: number, hasAlerts = true): Corpus {
  return write(file, bytes, busyTraffic(hasAlerts))
}

/** Each line a login, which rules over time have to see. */
export function candidatesCorpus(file: string, bytes: number): Corpus {
  return write(file, bytes, logins())
}

/** Each line with an escape, as in the text of an error. */
export function escapesCorpus(file: string, bytes: number): Corpus {
  const escaped = function* () {
    for (const line of busyTraffic(false)) yield line.replace('"app"', '"a\\u0070p"')
  }
  return write(file, bytes, escaped())
}

/** One entry in one line. */
export function longLineCorpus(file: string, bytes: number): Corpus {
  const item = `"hmac-sha256:${'0'.repeat(64)}"`
  const items = Math.floor((bytes - 200) / (item.length + 1))
  const keys = `[${`${item},`.repeat(items - 1)}${item}]`
  const time = new Date(start).toISOString()
  const line = `{"time":"${time}","type":"response","request":{"id":"long","operation":"list","path":"secret/metadata/"},"response":{"data":{"keys":${keys}}}}`
  return write(file, line.length, [line])
}

/** A server log as syslog-ng stores it; one line of a thousand alerts. */
export function serverCorpus(file: string, bytes: number): Corpus {
  return write(file, bytes, serverLines())
}

function* busyTraffic(hasAlerts: boolean): Generator<string> {
  const digests = new Map<string, string>()
  const digestOf = (text: string) => {
    const known = digests.get(text) ?? createHash('sha256').update(text).digest('hex')
    digests.set(text, known)
    return known
  }
  for (let number = 0; ;) {
    for (const line of ordinaryTraffic()) {
      number += 1
      const time = new Date(start + (1_000 * number) / linesPerSecond).toISOString()
      // A request and its response have one id, and no two requests have the same.
      const id = createHash('md5')
        .update(String(number >> 1))
        .digest('hex')
      const isAlert = hasAlerts && number % 1_000 === 500
      yield line
        .replace(
          /hmac-sha256:([\w-]+)/g,
          (_, text: string) => `hmac-sha256:${digestOf(text)}`,
        )
        .replace(/"time":"[^"]*"/, `"time":"${time}"`)
        .replace(/"request":\{"id":"[^"]*"/, `"request":{"id":"${id}"`)
        .replace(
          '"policy_results":{"allowed":true}',
          '"policy_results":{"allowed":true,"granting_policies":[{"name":"app","namespace_id":"root","type":"acl"}]}',
        )
        .replace(/"path":"[^"]*"/, path =>
          isAlert ? '"path":"sys/raw/core/seal-config"' : path,
        )
    }
  }
}

function* logins(): Generator<string> {
  let login: string | undefined
  for (const line of busyTraffic(false)) {
    if (line.includes('"response"') && line.includes('auth/userpass/login/')) {
      login = line
      break
    }
  }
  for (let number = 0; ; number += 1) {
    const time = new Date(start + (1_000 * number) / linesPerSecond).toISOString()
    yield login!
      .replace(/"time":"[^"]*"/, `"time":"${time}"`)
      .replace(/"request":\{"id":"[^"]*"/, `"request":{"id":"login-${number}"`)
      .replace(
        /auth\/userpass\/login\/[\w-]+/,
        `auth/userpass/login/person-${number % 40}`,
      )
  }
}

const serverMessages = [
  '[INFO]  core: successful mount: namespace= path=secret/ type=kv version=v0.20.0',
  '[INFO]  expiration: revoked lease: lease_id=auth/approle/login/h7d0f1c2',
  '[DEBUG] core.cluster-listener: performing server cert lookup',
  '[WARN]  core: attempt to mount over existing path: path=kv/',
  '[ERROR] core: failed to lookup token: error="context deadline exceeded"',
  '[INFO]  storage.raft: entering follower state: follower="Node at 10.0.0.11:8201 [Follower]" leader-address= leader-id=',
  '[INFO]  rollback: attempting rollback: path=database/',
  '[DEBUG] http: request complete in 3ms',
]

function* serverLines(): Generator<string> {
  for (let number = 0; ; number += 1) {
    const time = new Date(start + (1_000 * number) / linesPerSecond).toISOString()
    const message =
      number % 1_000 === 500
        ? '[INFO]  core: vault is sealed'
        : serverMessages[(number * 7) % serverMessages.length]!
    yield `${time.slice(0, 19)}+00:00 vault-${number % 3} vault[812]: ${time} ${message}`
  }
}
