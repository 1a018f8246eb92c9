import { readFileSync } from 'node:fs'
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js'
import { isFullDate } from '../entry/rfc3339.js'
import type { Pointer } from './report-fault.js'
import { suggest } from './did-you-mean.js'

/** One way in which a value breaks its schema. */
export interface SchemaFault {
  readonly pointer: Pointer
  /** Set where a key, not a value, is at fault. */
  readonly key?: string
  readonly message: string
}

/**
 * Compiles one of the published schemas (rules/schema/) into a check that gives every fault of a
 * value, in words. Only for files of the operator's and records of our own, never for log lines:
 * collecting all errors of a hostile value would take unbounded memory.
 * `references` are the schemas that it refers to.
 * @throws where a schema can't be read
 */
export function createSchemaCheck(
  schemaFile: URL,
  ...references: readonly URL[]
): (value: unknown) => SchemaFault[] {
  const read = (file: URL) => JSON.parse(readFileSync(file, 'utf8')) as object
  const ajv = new Ajv2020({
    allErrors: true,
    verbose: true,
    strictTypes: false,
    formats: { date: isFullDate },
  })
  const validate: ValidateFunction = ajv
    .addSchema(references.map(read))
    .compile(read(schemaFile))
  return value =>
    validate(value)
      ? []
      : (validate.errors ?? []).filter(error => !isBranch(error)).map(asFault)
}

/** A key that one of several alternatives asks for; they are told as one. */
function isBranch({ keyword, schemaPath }: ErrorObject): boolean {
  return keyword === 'required' && /\/(?:anyOf|oneOf)\/\d+\/required$/.test(schemaPath)
}

function asFault(error: ErrorObject): SchemaFault {
  const pointer = parsePointer(error.instancePath)
  const got = `, got ${shown(error.data)}`
  const params = error.params as Record<string, unknown>
  switch (error.keyword) {
    case 'additionalProperties': {
      const key = String(params['additionalProperty'])
      const known = Object.keys((error.parentSchema?.['properties'] ?? {}) as object)
      const kind = known.includes('startsWith') ? 'operator' : 'key'
      return { pointer, key, message: `unknown ${kind} "${key}"${suggest(key, known)}` }
    }
    case 'required':
      return { pointer, message: missing(pointer, String(params['missingProperty'])) }
    case 'oneOf':
    case 'anyOf': {
      const keys = (error.schema as { required: string[] }[]).flatMap(s => s.required)
      const message = Array.isArray(params['passingSchemas'])
        ? `takes one of ${keys.join(', ')}, got more of them`
        : `missing a key, one of ${keys.join(', ')}`
      return { pointer, message }
    }
    case 'format':
      return { pointer, message: `must be a date such as 2027-01-31${got}` }
    case 'enum': {
      const allowed = (params['allowedValues'] as unknown[]).map(String)
      const hint = typeof error.data === 'string' ? suggest(error.data, allowed) : ''
      return { pointer, message: `must be one of ${allowed.join(', ')}${got}${hint}` }
    }
    case 'type':
      return {
        pointer,
        message: `must be ${String(params['type']).replace(/,/g, ' or ')}${got}`,
      }
    case 'minLength':
    case 'minItems':
    case 'minProperties':
      return { pointer, message: `${tooShort(Number(params['limit']))}${got}` }
    default:
      return { pointer, message: `${error.message ?? error.keyword}${got}` }
  }
}

function tooShort(least: number): string {
  return least === 1 ? 'must not be empty' : `must have at least ${least}`
}

function missing(pointer: Pointer, key: string): string {
  const isTest = pointer[0] === 'tests' && pointer.length === 2
  return isTest && key === 'alerts'
    ? 'the test asserts nothing: "alerts" must say how many alerts it expects'
    : `missing key "${key}"`
}

/** A value as a message shows it: short, and on one line. */
function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length <= 60 ? text : `${text.slice(0, 59)}…`
}

/** RFC 6901. Array indexes become numbers, as the positions of JSON values need them. */
function parsePointer(text: string): Pointer {
  return text
    .split('/')
    .slice(1)
    .map(part => part.replace(/~1/g, '/').replace(/~0/g, '~'))
    .map(part => (/^\d+$/.test(part) ? Number(part) : part))
}
