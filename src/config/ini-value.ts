import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'

/**
 * A value that is in order, perhaps in another form than written; or a sentence on what is wrong.
 * `trouble` is a sentence on what is right as written but can't be used now, as a file that isn't
 * there: it may be when it is needed.
 */
export type IniValue = { readonly value: string; readonly trouble?: string } | string

/** A key of a section of the ini. */
export interface IniKey {
  /** Takes the trimmed text, never empty. A sentence must not show what may be a secret. */
  readonly parse: (text: string) => IniValue
  /** Without it the section is of no use. */
  readonly isRequired?: boolean
  /** Whoever has it can write to the destination, or as its sender. */
  readonly isSecret?: boolean
}

/** Any text. */
export function anyText(value: string): IniValue {
  return { value }
}

/** One of some words. */
export function oneOf(...words: readonly string[]): (text: string) => IniValue {
  return text =>
    words.includes(text)
      ? { value: text }
      : `must be ${words.slice(0, -1).join(', ')} or ${words.at(-1)}, got "${text.slice(0, 40)}"`
}

/** A whole number from `min` to `max`, in decimal digits; `unit` is what it counts. */
export function wholeNumber(
  min: number,
  max: number,
  unit: string,
): (text: string) => IniValue {
  return text => {
    const number = /^\d{1,15}$/.test(text) ? Number(text) : NaN
    return number >= min && number <= max
      ? { value: String(number) }
      : `must be a number of ${unit} from ${min} to ${max}, got "${text.slice(0, 20)}"`
  }
}

/** An http:// or https:// URL; it may be a secret. */
export function httpUrl(value: string): IniValue {
  const protocol = URL.canParse(value) ? new URL(value).protocol : ''
  return /^https?:$/.test(protocol)
    ? { value }
    : `must be an http:// or https:// URL, got a text of ${value.length} characters`
}

/** A PEM file, better with a certificate, for want of which each message fails. */
export function caFile(value: string): IniValue {
  try {
    void new X509Certificate(readFileSync(value))
    return { value }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const isUnread = code?.startsWith('E') && !code.startsWith('ERR_')
    const why = isUnread ? `can't be read: ${code}` : 'holds no PEM certificate'
    return { value, trouble: `is ${value}, which ${why}` }
  }
}
