import { BlockList, isIP } from 'node:net'
import { RE2JS } from 're2js'
import { compileAclPath } from './acl-path.js'
import { compileDuring } from './during.js'
import type { Scalar, TimeWindow } from './rule.js'

/** A predicate on one element of a field: a scalar or an object, never empty, never an array. */
export type ElementTest = (value: unknown) => boolean

/** An operand that can't be compiled; the message says what is wrong and what was got. */
export class OperandError extends Error {}

/**
 * The operators that look at one element. Each takes its operand (lists already put in) and gives
 * the test. `not` and `exists` look at the whole field and are in compile-condition.ts.
 * @throws OperandError
 */
export const operators = {
  equals:
    (operand: Scalar): ElementTest =>
    value =>
      value === operand,

  in: (operand: readonly Scalar[]): ElementTest => {
    const members = new Set<unknown>(operand)
    return value => members.has(value)
  },

  startsWith: (operand: readonly string[]) =>
    anyText(operand.map(prefix => (text: string) => text.startsWith(prefix))),

  endsWith: (operand: readonly string[]) =>
    anyText(operand.map(suffix => (text: string) => text.endsWith(suffix))),

  contains: (operand: readonly string[]) =>
    anyText(operand.map(part => (text: string) => text.includes(part))),

  matches: (operand: readonly string[]) => anyText(operand.map(compileRegex)),

  path: (operand: readonly string[]) =>
    anyText(
      operand.map(pattern => {
        const test = compileAclPath(pattern)
        if (typeof test === 'string') throw new OperandError(`${test}, got "${pattern}"`)
        return test
      }),
    ),

  gt: (operand: number) => number(value => value > operand),
  gte: (operand: number) => number(value => value >= operand),
  lt: (operand: number) => number(value => value < operand),
  lte: (operand: number) => number(value => value <= operand),

  cidr: (operand: readonly string[]) => {
    const networks = new BlockList()
    for (const network of operand) addNetwork(networks, network)
    return anyText([text => isInside(networks, text)])
  },

  during: (operand: TimeWindow) => {
    const test = compileDuring(operand)
    if (typeof test === 'string') throw new OperandError(test)
    return anyText([test])
  },
}

function anyText(tests: readonly ((text: string) => boolean)[]): ElementTest {
  return value => typeof value === 'string' && tests.some(test => test(value))
}

function number(test: (value: number) => boolean): ElementTest {
  return value => typeof value === 'number' && test(value)
}

/**
 * RE2 has no look-around and no back-references, and so takes time linear in the text: one hostile
 * line of 256 KB costs V8's RegExp 24 s on a pattern as plain as `vault.*vault is sealed`.
 */
function compileRegex(pattern: string): (text: string) => boolean {
  try {
    const regex = RE2JS.compile(pattern)
    return text => regex.test(text)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new OperandError(
      `${reason}; patterns are RE2 (no look-around, no back-references), got "${pattern.slice(0, 60)}"`,
    )
  }
}

function addNetwork(networks: BlockList, network: string): void {
  const [address = '', bits, ...rest] = network.split('/')
  const version = isIP(address)
  const widest = version === 6 ? 128 : 32
  const prefix = bits === undefined ? widest : /^\d{1,3}$/.test(bits) ? Number(bits) : NaN
  if (version === 0 || rest.length > 0 || !(prefix <= widest)) {
    throw new OperandError(
      `must be an address or a network such as 10.0.0.0/8, got "${network}"`,
    )
  }
  networks.addSubnet(address, prefix, version === 6 ? 'ipv6' : 'ipv4')
}

/** KMIP entries carry `ip:port` or `[v6]:port` in `remote_address`. */
const addressWithPort = /^(?:\[([^\]]*)\]|([\d.]+)):\d+$/

function isInside(networks: BlockList, text: string): boolean {
  const match = addressWithPort.exec(text.slice(0, 64))
  const address = match?.[1] ?? match?.[2] ?? text
  const version = isIP(address)
  return version !== 0 && networks.check(address, version === 6 ? 'ipv6' : 'ipv4')
}
